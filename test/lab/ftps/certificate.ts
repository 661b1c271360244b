// One certificate for all who are TLS servers in a lab, made by openssl when the lab begins.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { labFile, type Lab } from "../lab.ts";
import { output } from "../process.ts";
import type { SiteTls } from "../servers/blueprint.ts";
import { addresses } from "../topology.ts";

export type LabCertificate = Pick<SiteTls, "cert" | "key" | "both">;

const keyKinds = {
  rsa: ["-newkey", "rsa:2048"],
  ec: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
} as const;

/** It is for every address at which clients may find a server, and signs itself. */
export async function labCertificate(lab: Lab, kind: keyof typeof keyKinds = "rsa"): Promise<LabCertificate> {
  // Alone in its folder: a gateway watches that, and logs are written beside it.
  const both = await labFile(lab, "certificate/both.pem", "", 0o600);
  const [cert, key] = ["cert.pem", "key.pem"].map((name) => path.join(path.dirname(both), name)) as [string, string];
  const hosts = [addresses.server, addresses.edgeToClient].flatMap((one) => Object.values(one));
  const subject = ["-subj", "/CN=lab", "-addext", `subjectAltName=${hosts.map((host) => `IP:${host}`).join(",")}`];
  await output([
    "openssl",
    "req",
    "-x509",
    ...keyKinds[kind],
    "-nodes",
    "-days",
    "2",
    ...subject,
    "-keyout",
    key,
    "-out",
    cert,
  ]);
  await writeFile(both, Buffer.concat([await readFile(key), await readFile(cert)]));
  return { cert, key, both };
}
