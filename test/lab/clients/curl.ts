import {
  allKinds,
  bothFamilies,
  bothModes,
  inUrl,
  launch,
  patienceSeconds,
  rootUrl,
  type Client,
  type Step,
  type Visit,
  type VisitTls,
} from "./client.ts";

function options(step: Step, root: string): string[] {
  switch (step.kind) {
    case "list":
      return [`url = "${root}"`, 'output = "-"'];
    case "download":
      return [`url = "${root}${inUrl(step.remote)}"`, `output = "${step.local}"`];
    case "resume":
      return [`url = "${root}${inUrl(step.remote)}"`, `output = "${step.local}"`, 'continue-at = "-"'];
    case "upload":
      return [`url = "${root}${inUrl(step.remote)}"`, `upload-file = "${step.local}"`];
    case "rename":
      return [`url = "${root}"`, "head", `quote = "RNFR ${step.from}"`, `quote = "RNTO ${step.to}"`];
    case "delete":
      return [`url = "${root}"`, "head", `quote = "DELE ${step.remote}"`];
  }
}

function security(tls: VisitTls | undefined): string[] {
  if (tls === undefined) return [];
  const version = tls.version === "TLSv1.3" ? ["tlsv1.3"] : ["tlsv1.2", 'tls-max = "1.2"'];
  return [`cacert = "${tls.ca}"`, "ssl-reqd", ...version];
}

/** One process, one control connection: the sections of the configuration are joined by `next`. */
function configuration(visit: Visit): string {
  const common = [
    "verbose",
    "trace-time",
    "no-progress-meter",
    "globoff",
    `connect-timeout = ${patienceSeconds}`,
    `speed-limit = 1\nspeed-time = ${patienceSeconds}`,
    `max-time = 30`,
    ...(visit.mode === "active" ? ['ftp-port = "-"'] : []),
    ...security(visit.tls),
  ];
  const sections = visit.steps.map((step) => [...common, ...options(step, rootUrl(visit))].join("\n"));
  return `${sections.join("\nnext\n")}\n`;
}

export const curl: Client = {
  program: "curl",
  modes: bothModes,
  families: bothFamilies,
  kinds: allKinds,
  anyBytes: true,
  security: ["explicit", "implicit"],
  play: (visit) => launch(visit, ["-q", "-K", "-"], configuration(visit)),
};
