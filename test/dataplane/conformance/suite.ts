// What every part of the conformance suite stands on: pinholes whose reports are checked against the contract as a whole, and
// joined transfers of every mode.
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { PinholeEvent } from "../../../src/dataplane/pinhole.ts";
import type { Harness, ListeningPeer, Mode, Owner, Peer, Traits, Wish, Word } from "./harness.ts";

export type Transfer = { readonly owner: Owner; readonly client: Peer; readonly server: Peer };

export type Suite = {
  readonly traits: Traits;
  harness(): Harness;
  sleep(ms: number): Promise<void>;
  /** Of what comes by itself, in time: an expiry, a stall. */
  passUntil<T>(promise: Promise<T>): Promise<T>;
  open(wish: Wish, ...words: Word[]): Promise<Owner>;
  listen(side: "client" | "server"): Promise<ListeningPeer>;
  /** Where nobody listens. */
  deaf(side: "client" | "server"): Promise<ListeningPeer["endpoint"]>;
  /** A pinhole of that mode, opened, and its peers where they listen. */
  opened(mode: Mode, wish?: Partial<Wish>, ...words: Word[]): Promise<Opened>;
  /** Both peers connected and the pinhole joined; the transfer has been started and, unless told otherwise, confirmed. */
  transfer(mode: Mode, wish?: Partial<Wish>, options?: { readonly isConfirmed?: boolean }): Promise<Transfer>;
};

export type Opened = {
  readonly owner: Owner;
  readonly client?: ListeningPeer;
  readonly server?: ListeningPeer;
  /** That side's peer, which connects now where the gateway listens, and else is waited for. */
  peer(side: "client" | "server"): Promise<Peer>;
};

export const listens = (mode: Mode, side: "client" | "server"): boolean =>
  mode === "bothListen" || mode === (side === "client" ? "passive" : "active");

/** A suite whose every pinhole is released after its test, and has to have reported as the contract says. */
export function createSuite(traits: Traits, makeHarness: () => Promise<Harness>): Suite {
  let made: Harness | undefined;
  const owners: Owner[] = [];
  const listeners: ListeningPeer[] = [];

  beforeAll(async () => {
    made = await makeHarness();
  }, 60_000);
  afterEach(async () => {
    for (const owner of owners) await owner.say("release");
    for (const listener of listeners.splice(0)) await listener.close();
    for (const owner of owners.splice(0)) {
      const isOpen = (await firstOf(owner)).kind === "opened";
      if (isOpen) await owner.event("closed");
      // What comes after the last event would come soon.
      await harness().clock.sleep(2);
      await expectContract(owner, isOpen);
    }
    expect(await harness().openPorts()).toBe(0);
  });
  afterAll(() => made?.close(), 30_000);

  function harness(): Harness {
    if (made === undefined) throw new Error("no harness");
    return made;
  }

  async function open(wish: Wish, ...words: Word[]) {
    const owner = await harness().open(wish, ...words);
    owners.push(owner);
    return owner;
  }

  async function listen(side: "client" | "server") {
    const listener = await harness().listen(side);
    listeners.push(listener);
    return listener;
  }

  async function opened(mode: Mode, wish: Partial<Wish> = {}, ...words: Word[]): Promise<Opened> {
    const client = listens(mode, "client") ? undefined : await listen("client");
    const server = listens(mode, "server") ? undefined : await listen("server");
    const legs = { client: client?.endpoint ?? ("listen" as const), server: server?.endpoint ?? ("listen" as const) };
    const owner = await open({ ...legs, ...wish }, ...words);
    const event = await owner.event("opened");
    const peer = async (side: "client" | "server") => {
      const listener = side === "client" ? client : server;
      if (listener) return await listener.accepted;
      const endpoint = event[side];
      if (endpoint === undefined) throw new Error(`the ${side} side does not listen`);
      return await harness().dial(side, endpoint);
    };
    return { owner, ...(client && { client }), ...(server && { server }), peer };
  }

  return {
    traits,
    harness,
    sleep: (ms) => harness().clock.sleep(ms),
    passUntil: (promise) => harness().clock.passUntil(promise),
    open,
    listen,
    async deaf(side) {
      const { endpoint, close } = await harness().listen(side);
      await close();
      return endpoint;
    },
    opened,
    async transfer(mode, wish, { isConfirmed = true } = {}) {
      const { owner, peer } = await opened(mode, wish);
      await (mode === "bothDial" || isConfirmed ? owner.say("start", "confirm") : owner.say());
      const [client, server] = await Promise.all([peer("client"), peer("server")]);
      await Promise.all([client.connected(), server.connected(), owner.event("joined")]);
      return { owner, client, server };
    },
  };
}

/** `expect.poll` with the time that a busy machine needs. */
export const eventually = <T>(probe: () => T) => expect.poll(probe, { timeout: 10_000 });

export const kinds = ({ events }: Owner): PinholeEvent["kind"][] => events.map(({ kind }) => kind);

async function firstOf(owner: Owner): Promise<PinholeEvent> {
  return await Promise.race([owner.event("opened"), owner.event("refused")]);
}

/** What holds for the reports of every pinhole, however it went. */
async function expectContract(owner: Owner, isOpen: boolean) {
  const told = kinds(owner);
  const once = ["opened", "joined", "delivered", "closed"] as const;
  expect(await owner.eventsDuringCalls(), "events during a call").toBe(0);
  if (!isOpen) return expect(told, "a refusal is all").toEqual(["refused"]);
  expect(told[0], "the first event").toBe("opened");
  expect(told.at(-1), "the last event").toBe("closed");
  const isOnce = (kind: string) => once.some((each) => each === kind);
  const inOrder = once.filter((kind) => told.includes(kind));
  expect(told.filter(isOnce), "each at most once, in this order").toEqual(inOrder);
  const end = await owner.event("closed");
  if (!told.includes("joined")) expect(end, "never joined").toMatchObject({ bytesUp: 0, bytesDown: 0, durationMs: 0 });
  expect(await owner.counts(), "the last counts").toEqual({ bytesUp: end.bytesUp, bytesDown: end.bytesDown });
}
