// The program `nft`: loads the table once and lists what others have loaded. Pinholes do without it.
import { spawn } from "node:child_process";

export type NftAnswer =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly isMissing: boolean; readonly detail: string };

/** The search path of a service may leave out where Debian keeps it. */
const names = ["nft", "/usr/sbin/nft", "/sbin/nft"];
const patienceMs = 10_000;

/** Never throws. */
export async function nft(args: readonly string[], input = ""): Promise<NftAnswer> {
  for (const name of names) {
    const answer = await run(name, args, input);
    if (answer.ok || !answer.isMissing) return answer;
  }
  return { ok: false, isMissing: true, detail: "the program nft is not installed (package nftables)" };
}

function run(name: string, args: readonly string[], input: string): Promise<NftAnswer> {
  return new Promise((resolve) => {
    const child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe"] });
    // Node's own `timeout` goes on where the program can't be started, and keeps the process from ending.
    const timer = setTimeout(() => child.kill(), patienceMs);
    let output = "";
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    child.stdin.on("error", () => {});
    child.once("error", ({ code, message }: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve({ ok: false, isMissing: code === "ENOENT", detail: message });
    });
    child.once("close", (status) => {
      clearTimeout(timer);
      if (status === 0) return resolve({ ok: true, output });
      const detail = complaint.trim().split("\n")[0] || `nft ended with ${String(status)}`;
      resolve({ ok: false, isMissing: false, detail });
    });
    child.stdin.end(input);
  });
}
