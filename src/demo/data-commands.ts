// Data commands of the embedded FTP server: those that prepare a data connection, and ABOR.
import { type Endpoint, familyOf } from "../net/endpoint.ts";
import { dialForData, listenForData, parseExtendedArgument, parsePortArgument } from "./data-connection.ts";
import { type Command, prepareData, reply, type ServerSession } from "./server-session.ts";

const minDataPort = 1024;

export const dataCommands: Readonly<Record<string, Command>> = {
  PORT: (session, argument) => active(session, parsePortArgument(argument), "PORT"),
  EPRT(session, argument) {
    const endpoint = parseExtendedArgument(argument);
    const protocol = protocolOf(session);
    if (endpoint && endpoint.protocol !== protocol) return replyProtocol(session, protocol);
    active(session, endpoint, "EPRT");
  },
  PASV(session) {
    const { isEpsvOnly, local, options } = session;
    if (isEpsvOnly) return reply(session, 501, "Only EPSV is allowed after EPSV ALL.");
    if (familyOf(local) === 6) return reply(session, 425, "PASV is for IPv4, use EPSV.");
    const numbers = (options.announce ?? local).replaceAll(".", ",");
    return passive(session, (port) => [227, `Entering Passive Mode (${numbers},${port >> 8},${port & 255})`]);
  },
  EPSV(session, argument) {
    const protocol = protocolOf(session);
    if (/^all$/i.test(argument)) {
      session.isEpsvOnly = true;
      return reply(session, 200, "EPSV ALL command successful.");
    }
    if (/^[12]$/.test(argument) && argument !== protocol) return replyProtocol(session, protocol);
    if (argument !== "" && argument !== protocol) return reply(session, 501, "Can't read the argument of EPSV.");
    return passive(session, (port) => [229, `Entering Extended Passive Mode (|||${port}|)`]);
  },
  ABOR(session) {
    if (session.isAborted) reply(session, 226, "Transfer aborted.");
    else reply(session, 225, "No transfer to abort.");
    session.isAborted = false;
    prepareData(session, undefined);
  },
};

/** The network protocol of the control connection as RFC 2428 numbers it. */
function protocolOf({ local }: ServerSession): "1" | "2" {
  return familyOf(local) === 4 ? "1" : "2";
}

function replyProtocol(session: ServerSession, protocol: "1" | "2"): void {
  reply(session, 522, `Network protocol not supported, use (${protocol})`);
}

/** RFC 2577: a server that connects to third hosts or to well-known ports is a weapon. */
function active(session: ServerSession, endpoint: Endpoint | undefined, verb: string): void {
  prepareData(session, undefined);
  if (session.isEpsvOnly) return reply(session, 501, "Only EPSV is allowed after EPSV ALL.");
  if (!endpoint) return reply(session, 501, `Can't read the argument of ${verb}.`);
  if (endpoint.address !== session.peer || endpoint.port < minDataPort) {
    return reply(session, 500, `Illegal ${verb} command.`);
  }
  prepareData(session, dialForData(endpoint, session.local));
  reply(session, 200, `${verb} command successful.`);
}

async function passive(session: ServerSession, answer: (port: number) => [number, string]): Promise<void> {
  prepareData(session, undefined);
  const { port, source } = await listenForData(session.local, session.peer);
  if (session.control.destroyed) return source.close();
  prepareData(session, source);
  reply(session, ...answer(port));
}
