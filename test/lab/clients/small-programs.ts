// Programs that do one thing: busybox as devices have it, axel with several connections for one file, wput that only uploads.
import { bothModes, inUrl, launch, rootUrl, type Client, type Step, type Visit } from "./client.ts";

/** Each step that the program knows is one process. */
async function eachStep(visit: Visit, args: (step: Step) => readonly string[] | undefined): Promise<string> {
  const printed: string[] = [];
  for (const step of visit.steps) {
    const words = args(step);
    if (words !== undefined) printed.push(await launch(visit, words));
  }
  return printed.join("");
}

const asArgument = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");

/** It asks for SIZE, and goes without QUIT where something fails. */
export const busybox: Client = {
  program: "busybox",
  modes: ["passive"],
  families: ["IPv4"],
  kinds: ["download", "resume", "upload"],
  anyBytes: false,
  play: (visit) => {
    const login = ["-v", "-u", visit.user, "-p", visit.password, "-P", String(visit.port)];
    return eachStep(visit, (step) => {
      if (step.kind === "upload") return ["ftpput", ...login, visit.host, asArgument(step.remote), step.local];
      if (step.kind !== "download" && step.kind !== "resume") return undefined;
      const resuming = step.kind === "resume" ? ["-c"] : [];
      return ["ftpget", ...login, ...resuming, visit.host, step.local, asArgument(step.remote)];
    });
  },
};

/** Three connections, each of which begins at a byte of its own (REST) and breaks off where the next one began. */
export const axel: Client = {
  program: "axel",
  modes: ["passive"],
  families: ["IPv4"],
  kinds: ["download"],
  anyBytes: true,
  play: (visit) =>
    eachStep(visit, (step) =>
      step.kind === "download"
        ? ["-n", "3", "-T", "6", "-a", "-o", step.local, `${rootUrl(visit)}${inUrl(step.remote)}`]
        : undefined,
    ),
};

export const wput: Client = {
  program: "wput",
  modes: bothModes,
  families: ["IPv4"],
  kinds: ["upload"],
  anyBytes: true,
  play: (visit) => {
    const mode = visit.mode === "active" ? ["--port-mode"] : [];
    return eachStep(visit, (step) =>
      step.kind === "upload"
        ? ["-t", "1", "-d", "--binary", ...mode, step.local, `${rootUrl(visit)}${inUrl(step.remote)}`]
        : undefined,
    );
  },
};
