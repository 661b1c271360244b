// Secure carry: data connections under TLS, in a thread of their own, or in this one where the machine can lend no descriptors.
import { mayBorrow } from "../../sockets/borrowed-socket.ts";
import type { Side } from "../pinhole.ts";
import type { CarriageEvents, HeldLegs, HoldingCarriage } from "../userspace/carriage.ts";
import { closeLegs } from "../userspace/leg.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import type { SecureCarriage } from "./secure-pair.ts";
import { createSecureThread } from "./secure-thread.ts";

export type SecureCarrier = {
  /** A data connection under TLS is to come. */
  prepare(): void;
  carry(legs: HeldLegs, events: CarriageEvents): HoldingCarriage;
  stop(): Promise<void>;
};

export function createSecureCarrier(buffers: ReadBuffers, isThreaded = mayBorrow()): SecureCarrier {
  if (isThreaded) {
    const thread = createSecureThread();
    return { prepare: thread.start, carry: thread.carry, stop: thread.stop };
  }
  return { prepare() {}, carry: (legs, events) => carryHere(legs, events, buffers), async stop() {} };
}

let loading: ReturnType<typeof load> | undefined;

/** Only who needs TLS loads it. */
async function load() {
  const [{ carrySecurely }, { createLegOpener }] = await Promise.all([
    import("./secure-carriage.ts"),
    import("../../tls/leg-tls.ts"),
  ]);
  return { carrySecurely, openLeg: createLegOpener() };
}

function carryHere(held: HeldLegs, events: CarriageEvents, buffers: ReadBuffers): HoldingCarriage {
  const { client, server, head, tls = {} } = held;
  const isSecured = { client: tls.client !== undefined, server: tls.server !== undefined };
  const counters = new Float64Array(2);
  const counts = () => ({ bytesUp: counters[0] ?? 0, bytesDown: counters[1] ?? 0 });
  const waiting: ((carriage: SecureCarriage) => void)[] = [];
  let carriage: SecureCarriage | undefined;
  if (head !== undefined) server.unshift(head);
  loading ??= load();
  void loading.then(({ carrySecurely, openLeg }) => {
    const pair = { client, server, isSecured, counters };
    const { delivered } = events;
    carriage = carrySecurely(
      pair,
      {
        secured(side, secured) {
          tls[side]?.accepted();
          events.secured?.(side, secured);
        },
        noCloseNotify: (side) => events.noCloseNotify?.(side),
        learned: (entry) => tls.client?.learned(entry),
        delivered,
        ended(end, legs, detail) {
          closeLegs(end, legs);
          events.ended(end, counts(), detail);
        },
      },
      { buffers, openLeg },
    );
    for (const word of waiting.splice(0)) word(carriage);
  });
  const say = (word: (carriage: SecureCarriage) => void): void => {
    if (carriage === undefined) waiting.push(word);
    else word(carriage);
  };
  const told = new Set<Side>();
  const ready = (side: Side): void => {
    if (told.has(side)) return;
    told.add(side);
    const leg = tls[side]?.describe();
    say((known) => known.ready(side, leg));
  };
  const releaseHeld = (): void => {
    ready("client");
    ready("server");
  };
  if (!held.isDownHeld) releaseHeld();
  return {
    counts,
    begin: () => ready("client"),
    releaseHeld,
    abort: () => say((known) => known.abort()),
    closeUnused: () => say((known) => known.closeUnused()),
  };
}
