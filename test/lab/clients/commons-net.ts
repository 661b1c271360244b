// Apache Commons Net, FTPSClient, in a Java program that is compiled as it starts.
import path from "node:path";
import { program } from "../programs.ts";
import { allKinds, launch, patienceSeconds, type Client, type Step } from "./client.ts";

function words(step: Step): string[] {
  switch (step.kind) {
    case "list":
      return [step.kind];
    case "download":
    case "resume":
      return [step.kind, step.remote, step.local];
    case "upload":
      return [step.kind, step.local, step.remote];
    case "rename":
      return [step.kind, step.from, step.to];
    case "delete":
      return [step.kind, step.remote];
  }
}

/** Without them the sessions of control connections can't be found where data connections look for theirs. */
const options = [
  ...[
    "--add-opens",
    "java.base/sun.security.ssl=ALL-UNNAMED",
    "--add-opens",
    "java.base/sun.security.util=ALL-UNNAMED",
  ],
  ...["-Djdk.tls.useExtendedMasterSecret=false", "-Djdk.tls.client.enableSessionTicketExtension=false"],
];

export const commonsNet: Client = {
  program: "commons-net",
  needs: ["java"],
  modes: ["passive"],
  families: ["IPv4"],
  kinds: allKinds,
  anyBytes: false,
  security: ["explicit", "implicit"],
  isTlsOnly: true,
  async play(visit) {
    const { host, port, user, password, tls, steps, program: library } = visit;
    if (tls === undefined || library === undefined) throw new Error("it is played under TLS alone");
    const source = path.join(import.meta.dirname, "CommonsNetSession.java");
    const told = [host, String(port), user, password, tls.security, tls.version, tls.ca, String(patienceSeconds)];
    return launch(
      { ...visit, program: await program("java") },
      [...options, "-XX:TieredStopAtLevel=1", "-cp", library.path, source, ...told],
      steps.map((step) => `${words(step).join("\t")}\n`).join(""),
    );
  },
};
