import { allKinds, launch, bothModes, type Client, type Step, type Visit } from "./client.ts";

function line(step: Step): string {
  switch (step.kind) {
    case "list":
      return "ls -l";
    case "download":
      return `get -f -z "${step.remote}" "${step.local}"`;
    case "resume":
      return `get -z "${step.remote}" "${step.local}"`;
    case "upload":
      return `put -f -z "${step.local}" "${step.remote}"`;
    case "rename":
      return `rename "${step.from}" "${step.to}"`;
    case "delete":
      return `rm "${step.remote}"`;
  }
}

const script = ({ mode, user, password, host, port, steps }: Visit): string =>
  [
    `set passive ${mode === "passive" ? "on" : "off"}`,
    "set confirm-close no",
    "set auto-resume yes",
    "set auto-ascii no",
    "debug 1",
    `open -u "${user}" -p "${password}" -P ${port} ${host}`,
    ...steps.map(line),
    "quit",
    "",
  ].join("\n");

export const ncftp: Client = {
  program: "ncftp",
  modes: bothModes,
  families: ["IPv4"],
  kinds: allKinds,
  anyBytes: true,
  play: (visit) => launch(visit, [], script(visit)),
};
