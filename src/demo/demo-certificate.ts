// Certificate of the demonstration: files that the gateway reads as it reads any other's, for as long as the demonstration lasts.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CertificateFiles } from "../gateway/options.ts";
import { createSelfSigned } from "./self-signed.ts";

/** What clients connect to, as far as the certificate knows. */
export const demoName = "gateway.example";

export type DemoCertificate = {
  readonly files: CertificateFiles;
  /** PEM, for clients that are to trust it. */
  readonly cert: string;
  remove(): Promise<void>;
};

export async function writeDemoCertificate(): Promise<DemoCertificate> {
  const { cert, key } = createSelfSigned(demoName, Date.now());
  const folder = await mkdtemp(join(tmpdir(), "ftp-alg-demo-"));
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key, { mode: 0o600 })]);
  return { files, cert, remove: () => rm(folder, { recursive: true, force: true }) };
}
