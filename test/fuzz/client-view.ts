// What the client reads in a fuzz test: lines of the server's passed on in their order, and replies of the gateway's own, which
// never stand inside another reply. It counts the final replies.
import assert from "node:assert/strict";
import { parse229 } from "../../src/ftp/extended.ts";
import { parse227 } from "../../src/ftp/host-port.ts";
import { readReplyLine } from "../../src/ftp/reply.ts";
import { isPassive } from "../../src/session/mode.ts";
import type { Session } from "../../src/session/state.ts";
import { clients } from "../session/play.ts";
import { clientPort, serverPort } from "./plane-model.ts";
import type { Setup } from "./scenario.ts";

export type ClientView = {
  serverSaid(raw: string): void;
  told(bytes: string, before: Session): void;
  /** Final replies, the greeting among them. */
  finals(): number;
  /** Between two replies. */
  isBetween(): boolean;
};

const telnetAnswer = /^\xff[\xfc\xfe][^]$/;
const ownLine = /^[1-5]\d\d (?:[^\p{Cc}]|[\u0080-\u009f])*\r\n$/u;
const suppliedFeature = /^ EP(?:RT|SV)\r\n$/;

export function createClientView(setup: Setup): ClientView {
  /** Lines of the server's that were not passed on, nor passed over. */
  let unpassed: string[] = [];
  let openCode: number | undefined;
  let finals = 0;

  /** The step that is being looked at, and how many replies were final before it. */
  let step: { before: Session | undefined; finals: number } = { before: undefined, finals: 0 };

  function told(bytes: string, before: Session): void {
    if (step.before !== before) step = { before, finals };
    if (telnetAnswer.test(bytes)) return;
    const at = unpassed.indexOf(bytes);
    if (at !== -1) {
      unpassed = unpassed.slice(at + 1);
      const isFirst = openCode === undefined;
      // What comes behind an answer in one step is judged no more: the negotiation may be over.
      if (isFirst && finals === step.finals) expectNoEndpoint(bytes, before);
      read(bytes);
      return;
    }
    const inOneLine = /^211-[^]*?\r\n((?: EP(?:RT|SV)\r\n)+)211 End\r\n$/.exec(bytes);
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

  return {
    serverSaid: (raw) => unpassed.push(raw),
    told,
    finals: () => finals,
    isBetween: () => openCode === undefined,
  };
}

/** A 227 that answers something else is text. Where the announcement alone is due, none of the server's passes. */
function expectNoEndpoint(bytes: string, { negotiation, outstanding }: Session): void {
  if (negotiation === undefined || !isPassive(negotiation.clientMode)) return;
  if (outstanding.some(({ kind }) => kind !== "negotiation" && kind !== "local")) return;
  assert.doesNotMatch(bytes, /^22[79](?!\d)/, `an endpoint of the server's:\n${bytes}`);
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
