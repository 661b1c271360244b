import { readFileSync } from "node:fs";
import path from "node:path";
import { allKinds, bothFamilies, launch, type Client } from "./client.ts";

const repository = path.resolve(import.meta.dirname, "../../..");
const manifest = path.join(repository, "node_modules/basic-ftp/package.json");
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };

export const basicFtp: Client = {
  title: `basic-ftp ${version}`,
  modes: ["passive"],
  families: bothFamilies,
  kinds: allKinds,
  anyBytes: true,
  security: ["explicit", "implicit"],
  play: (visit) => {
    const { host, port, user, password, steps, tls } = visit;
    const input = JSON.stringify({ host, port, user, password, steps, tls });
    const program = path.join(import.meta.dirname, "basic-ftp-session.ts");
    return launch({ ...visit, program: undefined }, [process.execPath, program, Buffer.from(input).toString("base64")]);
  },
};
