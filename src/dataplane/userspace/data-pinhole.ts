// Data pinhole: one data connection through this process, with its sockets and timers. What happens next is decided by
// data-connection.ts; here it is done.
import type { Endpoint } from "../../net/endpoint.ts";
import { inTurn } from "../in-turn.ts";
import { cancelDeadline, type Deadline, setDeadline } from "../../sockets/deadlines.ts";
import { soon } from "../../sockets/soon.ts";
import {
  type ByteCounts,
  type LegEnds,
  type Pinhole,
  type PinholeEvent,
  type PinholeRequest,
  type PlaneName,
  type Side,
  sides,
} from "../pinhole.ts";
import { type StallWatch, watchStall } from "../stall-watch.ts";
import type { HeldLegs, HoldingCarriage } from "./carriage.ts";
import { startDataConnection, stepDataConnection } from "./data-connection.ts";
import type { DataAsk, DataInput } from "./data-events.ts";
import type { Ground, ListeningLeg } from "./ground.ts";

type Report = (event: PinholeEvent) => void;

/** One pinhole's work under way. */
type Driver<Leg> = {
  readonly request: PinholeRequest;
  readonly ground: Ground<Leg>;
  readonly report: Report;
  readonly step: (input: DataInput) => void;
  readonly listeningLegs: ListeningLeg[];
  readonly dials: { cancel(): void }[];
  /** Connected, and not handed to the carriage yet. */
  readonly legs: Map<Side, Leg>;
  /** Of the leg that listens first, once its peer has come. */
  ends: LegEnds | undefined;
  carriage: HoldingCarriage | undefined;
  /** Once nothing is carried any more. */
  finalCounts: ByteCounts | undefined;
  joinedAt: number | undefined;
  wait: Deadline | undefined;
  hold: Deadline | undefined;
  stallWatch: StallWatch | undefined;
  /** Bytes that the kernel has taken and the peers have not acknowledged. */
  unacknowledged: readonly (() => number)[];
  /** Why nothing moves, in words or empty; asked once it does not. */
  standstills: readonly (readonly [Side, () => string])[];
};

const noBytes: ByteCounts = { bytesUp: 0, bytesDown: 0 };

export type OpenPinhole = (request: PinholeRequest, report: Report) => Pinhole;

/** Data connections of a plane that stand on one ground. */
export function dataPinholes<Leg>(plane: PlaneName, ground: Ground<Leg>): OpenPinhole {
  return (request, report) => openDataPinhole(plane, ground, request, report);
}

function openDataPinhole<Leg>(plane: PlaneName, ground: Ground<Leg>, request: PinholeRequest, report: Report): Pinhole {
  const listening = sides.filter((side) => request[side].kind === "listen");
  let state = startDataConnection(plane, request, listening);
  const driver: Driver<Leg> = {
    request,
    ground,
    report,
    step: inTurn((input) => {
      const [stepped, asks] = stepDataConnection(state, input);
      state = stepped;
      for (const ask of asks) perform(driver, ask);
    }),
    listeningLegs: [],
    dials: [],
    legs: new Map(),
    ends: undefined,
    carriage: undefined,
    finalCounts: undefined,
    joinedAt: undefined,
    wait: undefined,
    hold: undefined,
    stallWatch: undefined,
    unacknowledged: [],
    standstills: [],
  };
  const { step } = driver;
  soon(() => step({ kind: "open" }));
  return {
    start: () => step({ kind: "start" }),
    confirm: () => step({ kind: "confirm" }),
    linger: (ms) => step({ kind: "linger", ms }),
    release: () => step({ kind: "release" }),
    dismiss: () => step({ kind: "dismiss" }),
    counts: () => countsOf(driver),
  };
}

function perform<Leg>(driver: Driver<Leg>, ask: DataAsk): void {
  switch (ask.kind) {
    case "listen":
      return listen(driver, ask.sides);
    case "dial":
      return dial(driver, ask.side);
    case "reset leg":
      return resetSide(driver, ask.side);
    case "watch server":
      return watchServer(driver);
    case "wait":
      return wait(driver, ask.ms);
    case "shorten wait":
      return driver.wait && wait(driver, Math.min(ask.ms, driver.wait.at - performance.now()));
    case "extend wait":
      return driver.wait && wait(driver, ask.ms);
    case "stop waiting":
      return stopWaiting(driver);
    case "watch stall":
      return watch(driver, ask.ms);
    case "limit stall":
      return driver.stallWatch?.limit(ask.ms);
    case "proceed":
      return driver.step({ kind: "proceed" });
    case "carry":
      return handOver(driver, ask.isDownHeld);
    case "begin":
      return driver.carriage?.begin?.();
    case "release held in":
      driver.hold ??= setDeadline(ask.ms, () => driver.carriage?.releaseHeld());
      return;
    case "release held":
      cancelDeadline(driver.hold);
      return driver.carriage?.releaseHeld();
    case "close unused":
      for (const leg of driver.legs.values()) driver.ground.close(leg);
      return driver.carriage?.closeUnused();
    case "abort":
      return driver.carriage?.abort();
    case "report":
      return driver.report(ask.event);
    case "clear":
      return clear(driver);
    case "close":
      return close(driver, ask);
  }
}

function listen<Leg>(driver: Driver<Leg>, listening: readonly Side[]): void {
  const { request, ground, listeningLegs, legs, step } = driver;
  let isRefused = false;
  let at: Endpoint | undefined;
  for (const side of listening) {
    const leg = request[side];
    if (leg.kind !== "listen" || isRefused) continue;
    const listeningLeg = ground.listen(leg, {
      opened(endpoint) {
        at = endpoint;
        step({ kind: "listening", side, endpoint });
      },
      refused(reason, detail) {
        isRefused = true;
        step({ kind: "refused", reason, detail });
      },
      stranger: (from) => step({ kind: "stranger", side, from }),
      admitted(connected, from) {
        legs.set(side, connected);
        driver.ends ??= at && { from, at };
        step({ kind: "admitted", side, from });
      },
    });
    listeningLegs.push(listeningLeg);
  }
}

function dial<Leg>({ request, ground, dials, legs, step, ends }: Driver<Leg>, side: Side): void {
  const leg = request[side];
  if (leg.kind !== "dial") return;
  const { fromPort: wanted = 0 } = leg;
  const attempt = ground.dial(leg, request.connectMs, {
    connected(connected, portRefusal) {
      if (leg.opening !== undefined) ground.say(connected, leg.opening(ends));
      legs.set(side, connected);
      const otherPort = portRefusal === undefined ? undefined : { wanted, detail: portRefusal };
      step({ kind: "connected", side, otherPort });
    },
    failed: (detail, wasReached) => step({ kind: "failed", side, wasReached, detail }),
  });
  dials.push(attempt);
}

function resetSide<Leg>({ ground, legs }: Driver<Leg>, side: Side): void {
  const leg = legs.get(side);
  legs.delete(side);
  if (leg !== undefined) ground.reset(leg);
}

function watchServer<Leg>({ ground, legs, step }: Driver<Leg>): void {
  const server = legs.get("server");
  if (server === undefined) return;
  ground.watch(server, {
    heard: () => step({ kind: "heard" }),
    broken: (detail) => step({ kind: "broken", detail }),
  });
}

function stopWaiting<Leg>(driver: Driver<Leg>): void {
  cancelDeadline(driver.wait);
  driver.wait = undefined;
}

function wait<Leg>(driver: Driver<Leg>, ms: number): void {
  stopWaiting(driver);
  driver.wait = setDeadline(ms, () => driver.step({ kind: "overdue" }));
}

/**
 * What the kernel has taken and the peer has not are megabytes, of which a third has to go before more can be written. A slow
 * receiver is not one that stands still.
 */
function watch<Leg>(driver: Driver<Leg>, ms: number): void {
  driver.stallWatch?.stop();
  const progress = () => {
    const { bytesUp, bytesDown } = countsOf(driver);
    return driver.unacknowledged.reduce((sum, bytes) => sum - bytes(), bytesUp + bytesDown);
  };
  driver.stallWatch = watchStall(ms, progress, () => driver.step({ kind: "stalled", detail: standstill(driver) }));
}

/** `client: why`, or `server: why`, where one of them is known to hold everything up. */
function standstill<Leg>({ standstills }: Driver<Leg>): string | undefined {
  for (const [side, explain] of standstills) {
    const why = explain();
    if (why !== "") return `${side}: ${why}`;
  }
  return undefined;
}

function handOver<Leg>(driver: Driver<Leg>, isDownHeld: boolean): void {
  const { ground, listeningLegs, legs, step, request, report } = driver;
  const client = legs.get("client");
  const server = legs.get("server");
  if (client === undefined || server === undefined) throw new Error("a leg of a joined connection is missing");
  legs.clear();
  driver.joinedAt = performance.now();
  driver.unacknowledged = [ground.unacknowledged(client), ground.unacknowledged(server)];
  driver.standstills = [
    ["client", ground.standstill(client)],
    ["server", ground.standstill(server)],
  ];
  // What made a watched server's leg be heard may have been read already.
  const head = listeningLegs.length === 0 ? ground.takeHead(server) : undefined;
  driver.carriage = ground.carry(
    { client, server, isDownHeld, ...(head && { head }), ...protection(request) },
    {
      secured: (side, secured) => report({ ...secured, kind: "secured", side }),
      noCloseNotify: (side) => report({ kind: "no-close-notify", side }),
      delivered: () => step({ kind: "delivered" }),
      ended(end, counts, detail) {
        driver.finalCounts = counts;
        step({ kind: "ended", end, counts, detail });
      },
    },
  );
}

function protection({ client, server }: PinholeRequest): Pick<HeldLegs, "tls"> {
  if (client.tls === undefined && server.tls === undefined) return {};
  return { tls: { ...(client.tls && { client: client.tls }), ...(server.tls && { server: server.tls }) } };
}

function countsOf<Leg>({ finalCounts, carriage }: Driver<Leg>): ByteCounts {
  return finalCounts ?? carriage?.counts() ?? noBytes;
}

function close<Leg>(driver: Driver<Leg>, { outcome, detail, counts }: Extract<DataAsk, { kind: "close" }>): void {
  const { joinedAt, report } = driver;
  const durationMs = joinedAt === undefined ? 0 : Math.round(performance.now() - joinedAt);
  clear(driver);
  const end = { kind: "closed", outcome, ...counts, durationMs } as const;
  soon(() => report(detail === undefined ? end : { ...end, detail }));
}

function clear<Leg>(driver: Driver<Leg>): void {
  stopWaiting(driver);
  cancelDeadline(driver.hold);
  driver.stallWatch?.stop();
  for (const attempt of driver.dials) attempt.cancel();
  for (const leg of driver.legs.values()) driver.ground.reset(leg);
  for (const leg of driver.listeningLegs) leg.release();
}
