// Health login: as whom health checks log in.
import { readFile } from "node:fs/promises";
import type { HealthChecks } from "../options.ts";

export type HealthLogin = { readonly user: string; readonly password: string };

/** As RFC 1635 has it for anonymous users. */
const anonymousPassword = "ftp-alg-health@";

/** Undefined: checks don't log in. Rejects with an Error that names the file and what is wrong with it, and quotes none of what is in it. */
export async function readHealthLogin({ login }: HealthChecks): Promise<HealthLogin | undefined> {
  if (login === undefined) return undefined;
  const { user, passwordFile } = login;
  if (passwordFile === undefined) return { user, password: anonymousPassword };
  const text = await readFile(passwordFile).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${passwordFile} can't be read: ${error.code ?? error.message}`);
  });
  const password = text.toString("latin1").replace(/\r?\n$/, "");
  if (/[\r\n\0]/.test(password)) throw new Error(`${passwordFile} is more than one line`);
  return { user, password };
}
