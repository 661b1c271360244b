import { bothFamilies, hostInUrl, launch, patienceSeconds, type Client, type Step, type Visit } from "./client.ts";

const remote = (name: string): string => `lab:${Buffer.from(name, "latin1").toString("utf8")}`;

function command(step: Step): string[] | undefined {
  switch (step.kind) {
    case "list":
      return ["lsf", "lab:"];
    case "download":
      return ["copyto", remote(step.remote), step.local];
    case "upload":
      return ["copyto", step.local, remote(step.remote)];
    case "rename":
      return ["moveto", remote(step.from), remote(step.to)];
    case "delete":
      return ["deletefile", remote(step.remote)];
    case "resume":
      return undefined;
  }
}

let obscuring: Promise<string> | undefined;

/** The remote is described by the environment, which takes the password only as `rclone obscure` prints it. */
async function configured(visit: Visit): Promise<Visit> {
  if (visit.program === undefined) return visit;
  const obscured = await (obscuring ??= launch(visit, ["obscure", visit.password]));
  const prefix = "RCLONE_CONFIG_LAB_";
  const env = {
    ...visit.program.env,
    RCLONE_CONFIG: "/nonexistent/rclone.conf",
    [`${prefix}TYPE`]: "ftp",
    [`${prefix}HOST`]: hostInUrl(visit.host),
    [`${prefix}PORT`]: String(visit.port),
    [`${prefix}USER`]: visit.user,
    [`${prefix}PASS`]: obscured.split("\n")[0] ?? "",
    ...(visit.tls && { [`${prefix}${visit.tls.security === "implicit" ? "TLS" : "EXPLICIT_TLS"}`]: "true" }),
    // Its option for that is for HTTP alone.
    ...(visit.tls && { SSL_CERT_FILE: visit.tls.ca }),
    ...(visit.tls?.version === "TLSv1.2" && { [`${prefix}DISABLE_TLS13`]: "true" }),
  };
  return { ...visit, program: { ...visit.program, env } };
}

export const rclone: Client = {
  program: "rclone",
  modes: ["passive"],
  families: bothFamilies,
  kinds: ["list", "download", "upload", "rename", "delete"],
  anyBytes: false,
  security: ["explicit", "implicit"],
  async play(visit) {
    const session = await configured(visit);
    const patience = `${patienceSeconds}s`;
    const common = ["--retries=1", "--low-level-retries=1", "--contimeout", patience, "--timeout", patience, "-vv"];
    const printed: string[] = [];
    for (const step of visit.steps) {
      const words = command(step);
      if (words !== undefined) printed.push(await launch(session, [...common, ...words]));
    }
    return printed.join("");
  },
};
