// Hand-over path: the unix socket at which a process that runs a configuration is found by the one that is to take its place.
import { createHash } from "node:crypto";
import { lstat, mkdir, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorMessage } from "../error-message.ts";

/** What a process runs: a file, or endpoints that its command line names; and which of several instances of it. */
export type Subject = {
  readonly file?: string | undefined;
  readonly listen?: readonly string[] | undefined;
  readonly instance?: string | undefined;
};

type Env = Readonly<Record<string, string | undefined>>;

/** The runtime directory: what systemd made for the unit, or that of the user. */
export function runtimeDirectory(env: Env, user: number): string {
  const [ofUnit = ""] = (env["RUNTIME_DIRECTORY"] ?? "").split(":");
  if (ofUnit.startsWith("/")) return ofUnit;
  if (user === 0) return "/run/ftp-alg";
  const ofUser = env["XDG_RUNTIME_DIR"] ?? "";
  return ofUser.startsWith("/") ? join(ofUser, "ftp-alg") : join(tmpdir(), `ftp-alg-${user}`);
}

/** The same for all names of a file. Rejects with an Error where what runs has no name: standard input. */
export async function handoverPath(subject: Subject, env: Env, user: number): Promise<string> {
  const { file, listen = [], instance = "" } = subject;
  if (file === "-") throw new Error("a configuration from standard input can't be found again: name a file");
  const name = file === undefined ? `listen ${listen.join(" ")}` : `file ${await realpath(file)}`;
  const digest = createHash("sha256").update(`${name}\0${instance}`).digest("hex").slice(0, 20);
  return join(runtimeDirectory(env, user), `handover-${digest}.sock`);
}

/** Makes the folder where it is missing. Rejects with an Error where another user could put a socket there. */
export async function openRuntimeDirectory(folder: string, user: number): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await lstat(folder);
    if (!found.isDirectory()) throw new Error("it is no folder");
    if (found.uid !== user) throw new Error(`it belongs to user ${found.uid}`);
    if ((found.mode & 0o022) !== 0) throw new Error("other users may write to it");
  } catch (error) {
    throw new Error(`${folder}: ${errorMessage(error)}`, { cause: error });
  }
}
