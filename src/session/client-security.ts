// Client security: AUTH, PBSZ, PROT and CCC of the client (RFC 2228, RFC 4217). security-policy.ts has refused what can't be. AUTH and CCC
// change what every byte behind them means, so they wait until each earlier command has its reply, and nothing may follow them.
import type { Side } from "../dataplane/pinhole.ts";
import { upperCaseAscii, type Command } from "../ftp/command.ts";
import { endClientTls, updateSecurity } from "./client-tls.ts";
import { tryNextServer } from "./next-server.ts";
import { saidTooEarly } from "./passthrough.ts";
import { serverTls, type Protection } from "./security-state.ts";
import { follow, protectServer, secureServer } from "./server-security.ts";
import type { Outstanding, Session } from "./state.ts";
import { answer, record, type Work } from "./work.ts";

/** One of these commands, of which `securityRefusal` says nothing. */
export function securityCommand(work: Work, { verb, argument }: Command): void {
  const { client } = work.session.security;
  const word = upperCaseAscii(argument.trim());
  if (verb === "AUTH" || verb === "CCC") {
    // SSL and TLS-P mean P as the drafts before RFC 4217 had it, and as clients that say them still expect.
    const data = word === "SSL" || word === "TLS-P" ? "private" : "clear";
    updateSecurity(work, { stage: { kind: "waiting", verb, data } });
  } else if (verb === "PBSZ") {
    updateSecurity(work, { client: { ...client, isSized: true } });
    // RFC 4217 8: whatever is asked for, TLS has no buffer of its own.
    answer(work, 200, "PBSZ=0");
  } else {
    protCommand(work, word === "P" ? "private" : "clear");
  }
}

function protCommand(work: Work, data: Protection): void {
  const { server } = work.session.security;
  const isMatched = server.control === "tls" && serverTls(work.session)?.data === "match" && server.data !== data;
  const next = { kind: "client-prot", data } as const;
  work.session.standing = undefined;
  if (isMatched) protectServer(work, next);
  else follow(work, next);
}

/** A command that has waited for its turn has it. */
export function takeTurn(work: Work): void {
  const { session } = work;
  const { stage } = session.security;
  if (stage?.kind !== "waiting" || !isQuiet(session)) return;
  if (stage.verb === "CCC") {
    endClientTls(work, [200, "CCC successful; clear text from here on."], "cleared");
  } else if (session.heldClient.some(({ kind }) => kind !== "client-end")) {
    bytesBeforeTls(work, "client", "the client has said more in clear");
  } else authorise(work, stage.data);
}

/** Nothing is under way that the client waits for. */
function isQuiet({ outstanding, openReply, held }: Session): boolean {
  return openReply === undefined && held === undefined && outstanding.every(isOver);
}

function isOver(entry: Outstanding): boolean {
  return entry.optional || (entry.kind === "transfer" && entry.answered);
}

function authorise(work: Work, data: Protection): void {
  const { session } = work;
  const next = { kind: "client-auth", data } as const;
  if (session.phase.name === "relaying" && serverTls(session)?.mode === "match-client") secureServer(work, next);
  else follow(work, next);
}

/** What was said in clear behind AUTH, or behind its answer, may be anybody's: nothing of it is obeyed, and no TLS follows. */
export function bytesBeforeTls(work: Work, side: Side, detail: string): void {
  record(work, { kind: "tls-failed", side, connection: "control", cause: "bytes-before-tls", detail });
  if (side === "server" && tryNextServer(work, "said more in clear behind AUTH")) return;
  updateSecurity(work, { stage: undefined });
  saidTooEarly(work, detail);
}
