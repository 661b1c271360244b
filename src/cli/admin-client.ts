// Admin client: what a command asks the admin listener of a running gateway, and what is wrong in words where there is no answer.
import { readFile } from "node:fs/promises";
import { nearest } from "../config/nearest.ts";
import type { SessionAnswer } from "../observe/api/schemas.ts";
import { escapeUnprintable } from "../observe/unprintable.ts";
import { fileProblem } from "../process/file-problem.ts";
import type { Io } from "../process/io.ts";
import { adminUrl, defaultAdmin, type AdminFlags } from "./admin-options.ts";

export type AdminClient = {
  /** Without a slash at its end. */
  readonly url: string;
  /** The answer to GET below the URL, whole. Rejects with an AdminError. */
  text(path: string, accept?: string): Promise<string>;
  /** The same from JSON; what is in it is the gateway's word. */
  json<T>(path: string): Promise<T>;
};

/** What a person is told, in place of an answer. `status` is that of HTTP, 0 where there was none. */
export type AdminError = Error & { readonly status: number };

const answerMs = 10_000;

/** Rejects with an AdminError if the token's file can't be read. */
export async function createAdminClient(flags: AdminFlags, stop: AbortSignal): Promise<AdminClient> {
  const { tokenFile } = flags;
  const url = adminUrl(flags.admin) ?? defaultAdmin;
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
  const ask = async (path: string, accept: string, signal: AbortSignal): Promise<Response> => {
    const headers = { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(url + path, { headers, signal, redirect: "error" }).catch((error: unknown) => {
      throw adminError(0, whyNoAnswer(url, error));
    });
    if (answer.ok) return answer;
    throw adminError(answer.status, whyRefused(url, answer.status, await answer.text(), tokenFile));
  };
  const text = async (path: string, accept = "*/*"): Promise<string> => {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(answerMs)]);
    const answer = await ask(path, accept, signal);
    return answer.text().catch((error: unknown) => {
      throw adminError(0, whyNoAnswer(url, error));
    });
  };
  return {
    url,
    text,
    async json<T>(path: string) {
      const body = await text(path, "application/json");
      try {
        return JSON.parse(body) as T;
      } catch {
        throw adminError(0, `${url} answers, but not as ftp-alg's admin listener does`);
      }
    },
  };
}

/** Runs a command that asks; what is wrong is said on standard error, and the exit code is 1. Nothing, if it is told to end. */
export async function withAdmin(
  flags: AdminFlags,
  io: Pick<Io, "err" | "stop">,
  command: (client: AdminClient) => Promise<number>,
): Promise<number> {
  try {
    return await command(await createAdminClient(flags, io.stop));
  } catch (error) {
    if (io.stop.aborted) return 0;
    if (!isAdminError(error)) throw error;
    io.err(`error: ${escapeUnprintable(error.message)}\n`);
    return 1;
  }
}

/** An id that is not kept, with the one that may have been meant. */
export async function unknownSession(client: AdminClient, id: string): Promise<AdminError> {
  const { sessions } = await client.json<{ sessions: readonly SessionAnswer[] }>("/api/sessions?limit=1000");
  const ids = sessions.map((session) => session.id);
  const meant = nearest(id, ids);
  if (ids.length === 0) return adminError(404, `no session ${id} is kept: the gateway has had none yet`);
  const hint = meant === undefined ? "ftp-alg sessions lists those that are" : `did you mean ${meant}?`;
  return adminError(404, `no session ${id} is kept; ${hint}`);
}

export function isAdminError(error: unknown): error is AdminError {
  return error instanceof Error && "status" in error;
}

export function adminError(status: number, message: string): AdminError {
  return Object.assign(new Error(message), { status });
}

async function readToken(file: string): Promise<string> {
  try {
    const token = (await readFile(file, "utf8")).trim();
    if (/^[!-~]+$/.test(token)) return token;
  } catch (error) {
    throw adminError(0, `--token-file: can't read ${file}: ${fileProblem(error)}`);
  }
  throw adminError(0, `--token-file: ${file} does not hold one word of ASCII`);
}

const connectProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "the connection was reset",
  ENOTFOUND: "no such host",
  EHOSTUNREACH: "no way to that address",
  ENETUNREACH: "no way to that network",
  UND_ERR_SOCKET: "the connection was closed",
};

function whyNoAnswer(url: string, error: unknown): string {
  const { name, message, cause } = error as Error;
  const { code = "", message: reason = message } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  const why = name === "TimeoutError" ? `no answer within ${answerMs / 1000} s` : (connectProblems[code] ?? reason);
  return (
    `can't ask the admin listener at ${url}: ${why}. It is there while a gateway runs whose configuration has ` +
    `\`admin: { listen: "${new URL(url).host}" }\`; --admin URL says where else it is.`
  );
}

function whyRefused(url: string, status: number, body: string, tokenFile: string | undefined): string {
  if (status === 401 && tokenFile === undefined) {
    return `the admin listener at ${url} asks for a token: --token-file FILE, the file that its admin.token names`;
  }
  if (status === 401) return `the token in ${tokenFile} is not the one that the admin listener at ${url} asks for`;
  return `${url} answers ${status}: ${errorIn(body)}`;
}

/** Of an answer of the API; else its first line. */
function errorIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    if (typeof error === "string") return error;
  } catch {
    // It is text.
  }
  return body.split("\n", 1)[0]?.slice(0, 200) ?? "";
}
