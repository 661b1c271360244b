// Data pinhole: one data connection through this process, with its sockets and timers. What happens next is decided by
// data-connection.ts; here it is done.
import type { Socket } from "node:net";
import type { Endpoint } from "../../net/endpoint.ts";
import { inTurn } from "../in-turn.ts";
import { cancelDeadline, type Deadline, setDeadline } from "../../sockets/deadlines.ts";
import { watchStandstill, watchUnacknowledged } from "../../sockets/socket-options.ts";
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
import type { Carry, HeldLegs, HoldingCarriage } from "./carriage.ts";
import { startDataConnection, stepDataConnection } from "./data-connection.ts";
import type { DataAsk, DataInput } from "./data-events.ts";
import { dialLeg } from "./dialled-leg.ts";
import { resetSocket } from "../../sockets/reset-socket.ts";
import { closeLeg } from "./leg-guard.ts";
import { type ListeningLeg, openListeningLeg } from "./listening-leg.ts";

type Report = (event: PinholeEvent) => void;

/** One pinhole's work under way. */
type Driver = {
  readonly request: PinholeRequest;
  readonly carry: Carry;
  readonly report: Report;
  readonly step: (input: DataInput) => void;
  readonly listeningLegs: ListeningLeg[];
  readonly dials: { cancel(): void }[];
  /** Connected, and not handed to the carriage yet. */
  readonly sockets: Map<Side, Socket>;
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

export function openDataPinhole(plane: PlaneName, carry: Carry, request: PinholeRequest, report: Report): Pinhole {
  const listening = sides.filter((side) => request[side].kind === "listen");
  let state = startDataConnection(plane, request, listening);
  const driver: Driver = {
    request,
    carry,
    report,
    step: inTurn((input) => {
      const [stepped, asks] = stepDataConnection(state, input);
      state = stepped;
      for (const ask of asks) perform(driver, ask);
    }),
    listeningLegs: [],
    dials: [],
    sockets: new Map(),
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

function perform(driver: Driver, ask: DataAsk): void {
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
      for (const socket of driver.sockets.values()) closeLeg(socket);
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

function listen(driver: Driver, listening: readonly Side[]): void {
  const { request, listeningLegs, sockets, step } = driver;
  let isRefused = false;
  let at: Endpoint | undefined;
  for (const side of listening) {
    const leg = request[side];
    if (leg.kind !== "listen" || isRefused) continue;
    const listeningLeg = openListeningLeg(leg, {
      opened(endpoint) {
        at = endpoint;
        step({ kind: "listening", side, endpoint });
      },
      refused(reason, detail) {
        isRefused = true;
        step({ kind: "refused", reason, detail });
      },
      stranger: (from) => step({ kind: "stranger", side, from }),
      admitted(socket, from) {
        sockets.set(
          side,
          socket.on("error", () => {}),
        );
        driver.ends ??= at && { from, at };
        step({ kind: "admitted", side, from });
      },
    });
    listeningLegs.push(listeningLeg);
  }
}

function dial({ request, dials, sockets, step, ends }: Driver, side: Side): void {
  const leg = request[side];
  if (leg.kind !== "dial") return;
  const { fromPort: wanted = 0 } = leg;
  const attempt = dialLeg(leg, request.connectMs, {
    connected(socket, portRefusal) {
      if (leg.opening !== undefined) socket.write(leg.opening(ends), "latin1");
      sockets.set(
        side,
        socket.on("error", () => {}),
      );
      const otherPort = portRefusal === undefined ? undefined : { wanted, detail: portRefusal };
      step({ kind: "connected", side, otherPort });
    },
    failed: (detail, wasReached) => step({ kind: "failed", side, wasReached, detail }),
  });
  dials.push(attempt);
}

function resetSide({ sockets }: Driver, side: Side): void {
  const socket = sockets.get(side);
  sockets.delete(side);
  if (socket) resetSocket(socket);
}

function watchServer({ sockets, step }: Driver): void {
  const server = sockets.get("server");
  server?.once("readable", () => step({ kind: "heard" }));
  server?.on("error", ({ message }) => step({ kind: "broken", detail: message }));
}

function stopWaiting(driver: Driver): void {
  cancelDeadline(driver.wait);
  driver.wait = undefined;
}

function wait(driver: Driver, ms: number): void {
  stopWaiting(driver);
  driver.wait = setDeadline(ms, () => driver.step({ kind: "overdue" }));
}

/**
 * What the kernel has taken and the peer has not are megabytes, of which a third has to go before more can be written. A slow
 * receiver is not one that stands still.
 */
function watch(driver: Driver, ms: number): void {
  driver.stallWatch?.stop();
  const progress = () => {
    const { bytesUp, bytesDown } = countsOf(driver);
    return driver.unacknowledged.reduce((sum, bytes) => sum - bytes(), bytesUp + bytesDown);
  };
  driver.stallWatch = watchStall(ms, progress, () => driver.step({ kind: "stalled", detail: standstill(driver) }));
}

/** `client: why`, or `server: why`, where one of them is known to hold everything up. */
function standstill({ standstills }: Driver): string | undefined {
  for (const [side, explain] of standstills) {
    const why = explain();
    if (why !== "") return `${side}: ${why}`;
  }
  return undefined;
}

function handOver(driver: Driver, isDownHeld: boolean): void {
  const { listeningLegs, sockets, step, request, report } = driver;
  const client = sockets.get("client");
  const server = sockets.get("server");
  if (client === undefined || server === undefined) throw new Error("a leg of a joined connection is missing");
  sockets.clear();
  driver.joinedAt = performance.now();
  // The carriage may take the sockets' handles over.
  driver.unacknowledged = [client, server].map(watchUnacknowledged);
  driver.standstills = [
    ["client", watchStandstill(client)],
    ["server", watchStandstill(server)],
  ];
  // What made a watched server's leg be heard was read already.
  const head: unknown = listeningLegs.length === 0 ? server.read() : null;
  driver.carriage = driver.carry(
    { client, server, isDownHeld, ...(Buffer.isBuffer(head) && { head }), ...protection(request) },
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

function countsOf({ finalCounts, carriage }: Driver): ByteCounts {
  return finalCounts ?? carriage?.counts() ?? noBytes;
}

function close(driver: Driver, { outcome, detail, counts }: Extract<DataAsk, { kind: "close" }>): void {
  const { joinedAt, report } = driver;
  const durationMs = joinedAt === undefined ? 0 : Math.round(performance.now() - joinedAt);
  clear(driver);
  const end = { kind: "closed", outcome, ...counts, durationMs } as const;
  soon(() => report(detail === undefined ? end : { ...end, detail }));
}

function clear(driver: Driver): void {
  stopWaiting(driver);
  cancelDeadline(driver.hold);
  driver.stallWatch?.stop();
  for (const attempt of driver.dials) attempt.cancel();
  for (const socket of driver.sockets.values()) resetSocket(socket);
  for (const leg of driver.listeningLegs) leg.release();
}
