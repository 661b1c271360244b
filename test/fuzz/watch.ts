// Invariants of a session, looked at after every step of a fuzz test: what may be said to whom, what may be opened, how much may
// be kept, and that an end is an end.
import assert from "node:assert/strict";
import { parseEprt } from "../../src/ftp/extended.ts";
import { parsePort } from "../../src/ftp/host-port.ts";
import type { SessionEffect } from "../../src/session/events.ts";
import type { Session } from "../../src/session/state.ts";
import { createClientView, telnetAnswer, type ClientView } from "./client-view.ts";
import { serverPort } from "./plane-model.ts";
import { maxLineBytes, ownAddresses, type Step } from "./playing.ts";
import type { Setup } from "./scenario.ts";

export type Watch = {
  readonly client: ClientView;
  see(step: Step): void;
  /** What was opened is closed, or the data plane has been told to. */
  expectNothingOpen(): void;
};

export function createWatch(setup: Setup): Watch {
  const client = createClientView(setup);
  const opened = new Set<number>();
  const gone = new Set<number>();
  let ends = 0;

  function see({ before, event, effects, after }: Step): void {
    if (event?.kind === "server-line") client.serverSaid(event.raw);
    if (event?.kind === "pinhole" && (event.event.kind === "closed" || event.event.kind === "refused"))
      gone.add(event.id);
    let isOver = before.phase.name === "ended";
    for (const effect of effects) {
      if (isOver) assert.equal(effect.kind, "record", "after the end nothing is done");
      inspect(effect, before, after);
      if (effect.kind === "end") {
        isOver = true;
        ends += 1;
      }
    }
    assert.ok(ends <= 1, "a session ends at most once");
    assert.equal(after.phase.name === "ended", ends === 1, "an ended session has said so");
    expectBounded(after, setup, gone);
    if (isOver) expectNothingOpen();
  }

  function inspect(effect: SessionEffect, before: Session, after: Session): void {
    switch (effect.kind) {
      case "to-client":
        client.told(effect.bytes);
        break;
      case "record":
        if (effect.fact.kind === "quirk" && effect.fact.quirk === "reply-without-end") client.replyEnded();
        break;
      case "to-server":
        if (!telnetAnswer.test(effect.bytes)) expectCommandLine(effect.bytes, setup, opened);
        break;
      case "open":
        assert.ok(!opened.has(effect.id), "an id is used once");
        opened.add(effect.id);
        assert.ok(before.loggedIn || after.loggedIn, "nothing is opened before the server has accepted a login");
        expectOwnPeers(effect, before);
        break;
      case "start":
      case "confirm":
      case "linger":
      case "release":
      case "dismiss":
        assert.ok(opened.has(effect.id), `${effect.kind} of what was opened`);
        if (effect.kind === "release" || effect.kind === "dismiss") gone.add(effect.id);
        break;
      default:
    }
  }

  function expectNothingOpen(): void {
    const open = [...opened].filter((id) => !gone.has(id));
    assert.deepEqual(open, [], `pinholes that nobody closes: ${open.join(" ")}`);
  }

  return { client, see, expectNothingOpen };
}

/** Data connections lead to the two peers and to nobody else. */
function expectOwnPeers({ client, server }: Extract<SessionEffect, { kind: "open" }>, session: Session): void {
  const peers = {
    client: session.client.peer.address,
    server: "server" in session.phase ? session.phase.server?.peer.address : "",
  };
  for (const [leg, peer] of [
    [client, peers.client],
    [server, peers.server],
  ] as const) {
    assert.equal(leg.kind === "listen" ? leg.peer : leg.to.address, peer, "data connections lead to the peers");
    const { minDataPort } = session.policy;
    assert.ok(leg.kind === "listen" || leg.to.port >= minDataPort, "no low port is dialled");
  }
}

/** CR NUL is how Telnet writes a CR inside a name. */
function expectCommandLine(bytes: string, setup: Setup, opened: ReadonlySet<number>): void {
  assert.match(bytes, /^[^\n]*[^\n\r]\r\n$/, `one command line: ${JSON.stringify(bytes)}`);
  const line = bytes.slice(0, -2);
  assert.doesNotMatch(line.replaceAll("\r\0", ""), /[\0\r]/, `no NUL, no bare CR: ${JSON.stringify(line)}`);
  // What a server may take for the verb, whatever stands around it.
  const [verb = ""] = /[A-Za-z]+/.exec(line) ?? [];
  if (!/^(?:PORT|EPRT|LPRT)$/i.test(verb)) return;
  const reading = verb === "PORT" ? parsePort(line.slice(5)) : parseEprt(line.slice(5));
  assert.ok(reading.ok, `what is announced is translated:\n${JSON.stringify(line)}`);
  if (!reading.ok) return;
  const { address, port } = reading.endpoint;
  assert.equal(address, ownAddresses[setup.server], "the gateway's own address is announced");
  assert.ok([...opened].map(serverPort).includes(port), "and a port that it has opened");
}

function expectBounded(session: Session, { heldCommands }: Setup, gone: ReadonlySet<number>): void {
  const { outstanding, heldClient, heldServer, transfers, pending, negotiation, phase } = session;
  const awaited = outstanding.filter(({ optional }) => !optional);
  atMost(awaited.length, heldCommands + 2, "outstanding");
  atMost(outstanding.length, heldCommands * 3, "outstanding, and perhaps never answered");
  atMost(heldClient.length, heldCommands + 1, "held lines of the client");
  atMost(heldServer.length, 65, "held lines of the server");
  const users = new Set(
    outstanding.flatMap((entry) => (entry.kind === "transfer" && entry.id !== undefined ? [entry.id] : [])),
  );
  const idle = transfers.filter(
    ({ id, joined, closed }) =>
      closed === undefined && !joined && !gone.has(id) && !users.has(id) && id !== pending && id !== negotiation?.id,
  );
  assert.deepEqual(idle, [], "data connections that nobody uses");
  if (phase.name === "ended") assert.deepEqual([outstanding, heldClient, heldServer], [[], [], []]);
  const { options: _, clientOptions: __, policy: ___, nextPolicy: ____, ...state } = session;
  const lines = heldClient.length + heldServer.length + outstanding.length + transfers.length;
  atMost(weigh(state), 1000 + (lines + 4) * (maxLineBytes + 60), "size of the state");
}

function atMost(value: number, most: number, what: string): void {
  assert.ok(value <= most, `${what}: ${value}, at most ${most}`);
}

/** Characters and fields, about. */
function weigh(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, part) => sum + 1 + weigh(part), 0);
}
