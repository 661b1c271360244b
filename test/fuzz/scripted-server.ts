// Server of fuzz tests that answers every command once and in its turn, in any form that a server may choose.
import type { ModelPinhole } from "./plane-model.ts";
import { extended229, formatOrderly, orderlyCodes, passive227 } from "./server-dialect.ts";

export type ScriptedServer = {
  /** Commands that have not been answered, oldest first. */
  readonly inbox: string[];
  /** The oldest is a transfer, and its preliminary reply is out. */
  isTransferring: boolean;
  /** Has a greeting to say. */
  isNew: boolean;
  nextPort: number;
  /** The port of the data connection that was agreed last, on whichever side it listens. */
  announced: number | undefined;
  /** The data connection of the transfer that runs. */
  using: number | undefined;
};

export function createServer(): ScriptedServer {
  return { inbox: [], isTransferring: false, isNew: true, nextPort: 52_000, announced: undefined, using: undefined };
}

const transferVerb = /^(?:RETR|STOR|LIST|NLST|MLSD|APPE|STOU)$/;

/** What became of the data connection at a port. */
type PinholeAt = (port: number | undefined) => ModelPinhole | undefined;

/** The bytes of its next reply; empty where it has nothing to say. */
export function nextReply(server: ScriptedServer, pick: number, pinholeAt: PinholeAt): string {
  const lines = pick % 5 === 0 ? pick % 3 : 0;
  if (server.isNew) {
    server.isNew = false;
    return formatOrderly(220, "Ready.", lines);
  }
  const [command] = server.inbox;
  if (command === undefined) return "";
  const [, verb = "", argument = ""] = /^(\S*)[ \t]?([^]*)$/.exec(command) ?? [];
  const name = verb.toUpperCase();
  if (transferVerb.test(name)) return transferReply(server, pick, lines, pinholeAt);
  server.inbox.shift();
  const codes = /^epsv\s+all/i.test(command) ? [200, 500] : orderlyCodes(name);
  const code = codes[(pick >> 4) % codes.length] ?? 200;
  if (code === 227 || code === 229) return announcement(server, code, pick >> 8);
  if (code === 200 && (name === "PORT" || name === "EPRT")) server.announced = portOf(argument);
  // A list of features without end.
  if (code === 211 && pick % 13 === 0) return formatOrderly(code, "Features", 700);
  return formatOrderly(code, "Answer.", lines);
}

function portOf(argument: string): number {
  const numbers = argument.split(/\D+/).map(Number);
  if (argument.includes("|")) return Number(argument.split("|")[3]);
  const [high = 0, low = 0] = numbers.slice(4);
  return high * 256 + low;
}

function announcement(server: ScriptedServer, code: 227 | 229, pick: number): string {
  server.nextPort += 1;
  server.announced = server.nextPort;
  const numbers = code === 229 ? String(server.nextPort) : `10,0,0,5,${server.nextPort >> 8},${server.nextPort & 255}`;
  const forms = code === 229 ? extended229 : passive227;
  return `${code} ${(forms[pick % forms.length] ?? "").replaceAll("{}", numbers)}\r\n`;
}

function transferReply(server: ScriptedServer, pick: number, lines: number, pinholeAt: PinholeAt): string {
  if (!server.isTransferring) {
    if (server.announced === undefined || pick % 7 === 0) {
      server.inbox.shift();
      return formatOrderly(server.announced === undefined ? 425 : 550, "No transfer.", lines);
    }
    server.isTransferring = true;
    server.using = server.announced;
    server.announced = undefined;
    return formatOrderly(pick % 2 === 0 ? 150 : 125, "Data follows.", lines);
  }
  const pinhole = pinholeAt(server.using);
  const isOver = pinhole === undefined || pinhole.stage === "closed" || pinhole.stage === "delivered";
  if (!isOver && pick % 3 !== 0) return "";
  server.inbox.shift();
  server.isTransferring = false;
  const codes = isOver ? [226, 226, 426, 451] : [226, 426, 451];
  return formatOrderly(codes[(pick >> 4) % codes.length] ?? 226, "Transfer over.", lines);
}
