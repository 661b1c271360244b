// Pool route where users or hosts have their own servers: the gateway greets by itself, and answers what clients say before USER.
// USER tells which servers are meant; what the client has said until then, one of them is told first (RFC 7151, RFC 2640).
import type { Command } from "../ftp/command.ts";
import { parseHostPort } from "../ftp/host-name.ts";
import { resolveServer } from "./login.ts";
import type { PoolChoice } from "./options.ts";
import { hostOf, isHostOf, meantServers } from "./pool-choice.ts";
import { refusal } from "./refusals.ts";
import type { Introduction } from "./state.ts";
import { answer, refuse, type Work } from "./work.ts";

/** To a session the servers of a pool are one. */
export const poolTarget = { host: "pool", port: 21 } as const;

/** A command before USER that is answered here and nowhere else. */
export function chooseFromPool(work: Work, choice: PoolChoice, { verb, argument, line }: Command): void {
  switch (verb) {
    case "USER":
      userNamesServers(work, choice, argument);
      break;
    case "HOST":
      hostCommand(work, choice, argument);
      break;
    case "OPTS":
      optsCommand(work, argument, line);
      break;
    case "SYST":
      answer(work, 215, "UNIX Type: L8");
      break;
    case "HELP":
      answer(work, 214, "Log in with USER.");
      break;
    default:
      refuse(work, refusal("no-server:pool"));
  }
}

function userNamesServers(work: Work, choice: PoolChoice, user: string): void {
  const introduction = introductionOf(work);
  if (user.trim() === "") refuse(work, refusal("no-server:pool"));
  else if (meantServers(choice.servers, { user, host: hostOf(introduction) }).length === 0)
    refuse(work, refusal("no-server:nobody"));
  else resolveServer(work, { ...poolTarget, user, introduction });
}

function hostCommand(work: Work, choice: PoolChoice, argument: string): void {
  const parsed = parseHostPort(argument);
  // RFC 7151 3.1: a name, or an address in brackets; no port.
  if (!parsed.ok || parsed.port !== undefined) refuse(work, refusal("malformed-login:host"));
  else if (!choice.servers.some((server) => isHostOf(server, parsed.host)))
    refuse(work, refusal("host-not-allowed:host", parsed.host));
  else {
    introduce(work, { host: argument.trim() });
    answer(work, 220, "Host accepted.");
  }
}

/** Whatever the server makes of it: bytes pass as they are. */
function optsCommand(work: Work, argument: string, line: string): void {
  if (!/^utf-?8(?: |$)/i.test(argument.trim())) {
    answer(work, 501, "OPTS knows UTF8 only before login.");
    return;
  }
  introduce(work, { options: line });
  answer(work, 200, "OPTS UTF8 command successful.");
}

function introductionOf({ session: { phase } }: Work): Introduction {
  return phase.name === "choosing" ? (phase.introduction ?? {}) : {};
}

/** Adds to what the server is told. Nothing once one is chosen. */
export function introduce(work: Work, said: Introduction): void {
  const { session } = work;
  if (session.phase.name === "choosing")
    session.phase = { name: "choosing", introduction: { ...session.phase.introduction, ...said } };
}

/** What the server is told before USER, in this order. */
export function introductionLines({ host, options }: Introduction): readonly string[] {
  return [...(host === undefined ? [] : [`HOST ${host}`]), ...(options === undefined ? [] : [options])];
}
