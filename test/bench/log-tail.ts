import { readFile } from "node:fs/promises";

/** The last few lines that a program wrote into its log, as one; empty where there is none. */
export async function logTail(file: string): Promise<string> {
  const text = await readFile(file, "latin1").catch(() => "");
  return text.trim().split("\n").slice(-3).join(" / ").slice(-400);
}
