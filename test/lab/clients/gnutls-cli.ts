import path from "node:path";
import { allKinds, launch, type Client } from "./client.ts";

export const gnutlsCli: Client = {
  program: "gnutls-cli",
  modes: ["passive"],
  families: ["IPv4"],
  kinds: allKinds,
  anyBytes: false,
  security: ["explicit", "implicit"],
  isTlsOnly: true,
  play: (visit) => {
    const { host, port, user, password, steps, tls, program } = visit;
    const input = JSON.stringify({ program: program?.path, env: program?.env, host, port, user, password, steps, tls });
    const session = path.join(import.meta.dirname, "gnutls-cli-session.ts");
    const args = [process.execPath, session, Buffer.from(input).toString("base64")];
    return launch({ ...visit, program: undefined }, args);
  },
};
