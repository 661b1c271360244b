// What the client reads in a fuzz test: lines of the server's passed on in their order, and replies of the gateway's own, which
// never stand inside another reply. It counts the final replies.
import assert from "node:assert/strict";
import { parse229 } from "../../src/ftp/extended.ts";
import { parse227 } from "../../src/ftp/host-port.ts";
import { readReplyLine } from "../../src/ftp/reply.ts";
import { clients } from "../session/play.ts";
import { clientPort, serverPort } from "./plane-model.ts";
import type { Setup } from "./scenario.ts";

export type ClientView = {
  serverSaid(raw: string): void;
  told(bytes: string): void;
  /** The reply that was being read is over without its last line. */
  replyEnded(): void;
  /** Final replies, the greeting among them. */
  finals(): number;
  /** Between two replies. */
  isBetween(): boolean;
};

/** A refused option. */
export const telnetAnswer = /^\xff[\xfc\xfe][^]$/;
const ownLine = /^[1-5]\d\d (?:[^\p{Cc}]|[\u0080-\u009f])*\r\n$/u;
const suppliedFeature = /^ EP(?:RT|SV)\r\n$/;

export function createClientView(setup: Setup): ClientView {
  /** Lines of the server's that were not passed on, nor passed over. */
  let unpassed: string[] = [];
  let openCode: number | undefined;
  let finals = 0;

  function told(bytes: string): void {
    if (telnetAnswer.test(bytes)) return;
    const at = unpassed.findIndex((line) =>
      [line, masked(line), withoutHidden(line), indented(withoutHidden(line))].includes(bytes),
    );
    if (at !== -1) {
      unpassed = unpassed.slice(at + 1);
      const code = openCode ?? Number(/^22[789]/.exec(bytes)?.[0]);
      const isAnnouncement = code >= 227 && code <= 229;
      const isInside = openCode !== undefined && !bytes.startsWith(String(openCode));
      assert.ok(
        !isInside || !/^22[789][^]*\d/.test(bytes),
        `what curl takes for an announcement, inside a reply: ${bytes}`,
      );
      assert.doesNotMatch(bytes, /\r[ \t\0]*22[789][^\r\n]*\d/, "an endpoint of the server's behind a CR");
      assert.ok(!isAnnouncement || !/\d/.test(bytes.slice(3)), `an endpoint of the server's:\n${bytes}`);
      read(bytes);
      return;
    }
    const inOneLine = /^211-[^]*?\r\n((?: (?:EPRT|EPSV|UTF8|HOST)\r\n)+)211 End\r\n$/.exec(bytes);
    if (inOneLine !== null && openCode === undefined) finals += 1;
    else if (suppliedFeature.test(bytes)) assert.equal(openCode, 211, "a feature stands inside a reply");
    else {
      assert.match(bytes, ownLine, `a reply of the gateway's own, or a line of the server's: ${JSON.stringify(bytes)}`);
      assert.equal(openCode, undefined, `no reply is interrupted by ${bytes}`);
      expectOwnEndpoint(bytes, setup);
      read(bytes);
    }
  }

  function read(bytes: string): void {
    const { position, code } = readReplyLine(openCode, bytes.replace(/\r*\n$/, ""));
    if (position === "first") openCode = code;
    else if (position === "last" || position === "only") {
      openCode = undefined;
      if (code >= 200) finals += 1;
    }
  }

  function replyEnded(): void {
    if (openCode !== undefined && openCode >= 200) finals += 1;
    openCode = undefined;
  }

  return {
    replyEnded,
    serverSaid: (raw) => unpassed.push(raw),
    told,
    finals: () => finals,
    isBetween: () => openCode === undefined,
  };
}

/** A line of a reply that has the code of an announcement and is none that was asked for. */
function masked(line: string): string {
  return line.slice(0, 3) + line.slice(3).replace(/\d/g, "x");
}

/** A line that has such a code behind a CR in its middle. */
function withoutHidden(line: string): string {
  const isHidden = (part: string): boolean => /^[ \t\0]*22[789]/.test(part);
  const [first = "", ...parts] = line.split("\r");
  const blind = (part: string): string =>
    part.replace(/(22[789])([^]*)/, (_, code, rest: string) => code + rest.replace(/\d/g, "x"));
  return [first, ...parts.map((part) => (isHidden(part) ? blind(part) : part))].join("\r");
}

function expectOwnEndpoint(bytes: string, setup: Setup): void {
  const own = clients[setup.client].advertise;
  if (bytes.startsWith("227")) {
    const reading = parse227(bytes.slice(4, -2));
    assert.ok(reading.ok && isOwnEndpoint(reading.endpoint, own), bytes);
  } else if (bytes.startsWith("229")) {
    const reading = parse229(bytes.slice(4, -2));
    assert.ok(reading.ok && isOwnEndpoint({ address: own, port: reading.port }, own), bytes);
  }
}

/** A reply that agrees on a data connection names what the gateway has opened for the client. */
function isOwnEndpoint(endpoint: { address: string; port: number }, own: string): boolean {
  return endpoint.address === own && endpoint.port >= clientPort(0) && endpoint.port < serverPort(0);
}

/** As a line that could be taken for an announcement stands inside another reply. */
function indented(line: string): string {
  return /^22[789][^]*\d/.test(line) ? ` ${line}` : line;
}
