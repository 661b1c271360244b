// Admin token: what requests to the admin listener must show, read from its file at start and at each reload.
import { readFile, stat } from "node:fs/promises";
import { fileProblem } from "./file-problem.ts";

/** Shorter ones can be guessed. */
const leastCharacters = 16;

/** Without white space around it. Rejects with an Error that names the file and what is wrong with it, and quotes none of it. */
export async function readAdminToken(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new Error(`admin.token.file: can't read ${file}: ${fileProblem(error)}`);
  });
  const token = text.trim();
  if (!/^[!-~]*$/.test(token)) throw new Error(`admin.token.file: ${file} holds more than one word of ASCII`);
  if (token.length >= leastCharacters) return token;
  throw new Error(`admin.token.file: the token in ${file} needs at least ${leastCharacters} characters`);
}

/** Whether every user of the machine may read or change the file. */
export async function isOpenToAll(file: string): Promise<boolean> {
  return ((await stat(file)).mode & 0o006) !== 0;
}
