// The two descendants of BSD's ftp(1), played through standard input.
import { allKinds, bothFamilies, bothModes, launch, type Client, type Step, type Visit } from "./client.ts";

const quoted = (name: string): string => `"${name}"`;

function line(step: Step): string {
  switch (step.kind) {
    case "list":
      return "dir";
    case "download":
      return `get ${quoted(step.remote)} ${quoted(step.local)}`;
    case "resume":
      return `reget ${quoted(step.remote)} ${quoted(step.local)}`;
    case "upload":
      return `put ${quoted(step.local)} ${quoted(step.remote)}`;
    case "rename":
      return `rename ${quoted(step.from)} ${quoted(step.to)}`;
    case "delete":
      return `delete ${quoted(step.remote)}`;
  }
}

const script = ({ user, password, host, port, steps }: Visit): string =>
  [`open ${host} ${port}`, `user ${user} ${password}`, "binary", ...steps.map(line), "quit", ""].join("\n");

export const inetutilsFtp: Client = {
  program: "inetutils ftp",
  modes: bothModes,
  families: bothFamilies,
  kinds: allKinds,
  anyBytes: true,
  play: (visit) => {
    const mode = visit.mode === "passive" ? ["--passive"] : [];
    return launch(visit, ["-n", "-v", "-i", ...mode], script(visit));
  },
};

export const tnftp: Client = {
  program: "tnftp",
  modes: bothModes,
  families: bothFamilies,
  kinds: allKinds,
  anyBytes: true,
  play: (visit) => {
    const mode = visit.mode === "passive" ? "-p" : "-A";
    return launch(visit, ["-n", "-v", "-i", "-e", mode], script(visit));
  },
};
