import {
  allKinds,
  bothFamilies,
  bothModes,
  hostInUrl,
  launch,
  patienceSeconds,
  type Client,
  type Step,
  type Visit,
  type VisitTls,
} from "./client.ts";

function line(step: Step): string {
  switch (step.kind) {
    case "list":
      return "ls";
    case "download":
      return `get "${step.remote}" -o "${step.local}"`;
    case "resume":
      return `get -c "${step.remote}" -o "${step.local}"`;
    case "upload":
      return `put "${step.local}" -o "${step.remote}"`;
    case "rename":
      return `mv "${step.from}" "${step.to}"`;
    case "delete":
      return `rm "${step.remote}"`;
  }
}

function security(tls: VisitTls | undefined): string[] {
  if (tls === undefined) return ["set ftp:ssl-allow no"];
  const { version, ca } = tls;
  return [
    ...["set ftp:ssl-force yes", "set ftp:ssl-protect-data yes", "set ftp:ssl-protect-list yes"],
    ...[`set ssl:ca-file "${ca}"`, `set ssl:priority "NORMAL:-VERS-ALL:+VERS-${version.replace("v", "")}"`],
  ];
}

const script = ({ mode, user, password, host, port, steps, tls }: Visit): string =>
  [
    "debug 4",
    `set ftp:passive-mode ${mode === "passive" ? "on" : "off"}`,
    ...security(tls),
    "set ftp:fix-pasv-address no",
    "set ftp:auto-passive-mode no",
    // The same on both sides: names go out as the bytes of this script.
    "set ftp:charset UTF-8",
    "set file:charset UTF-8",
    "set net:max-retries 1",
    "set net:persist-retries 0",
    "set net:reconnect-interval-base 1",
    "set net:reconnect-interval-max 1",
    `set net:timeout ${patienceSeconds}`,
    "set xfer:clobber yes",
    "set cmd:fail-exit no",
    "set cmd:interactive no",
    `open -u "${user}","${password}" -p ${port} ${tls?.security === "implicit" ? "ftps" : "ftp"}://${hostInUrl(host)}`,
    ...steps.map(line),
    "quit",
    "",
  ].join("\n");

export const lftp: Client = {
  program: "lftp",
  modes: bothModes,
  families: bothFamilies,
  kinds: allKinds,
  anyBytes: true,
  security: ["explicit", "implicit"],
  play: (visit) => launch(visit, ["--norc"], script(visit)),
};
