// NAT pinhole: one data connection that the kernel translates, with its timers and its place in the kernel. What happens next is
// decided by nat-connection.ts; here it is done.
import { cancelDeadline, type Deadline, setDeadline } from "../../sockets/deadlines.ts";
import { soon } from "../../sockets/soon.ts";
import { inTurn } from "../in-turn.ts";
import type { Pinhole, PinholeEvent, PinholeRequest } from "../pinhole.ts";
import { type StallWatch, watchStall } from "../stall-watch.ts";
import type { Marks } from "./marks.ts";
import { stepNatConnection } from "./nat-connection.ts";
import type { NatAsk, NatInput } from "./nat-events.ts";
import { startNatConnection } from "./nat-state.ts";
import { type Connection, type ConntrackEvent, totalBytes, type Tuple } from "./netlink/conntrack-message.ts";
import type { Netfilter } from "./netlink/netfilter.ts";
import type { NatLegs } from "./peers-fit.ts";
import { claimPinhole, type PinholeClaim } from "./pinhole-claim.ts";
import type { UsedPinholes } from "./used-pinholes.ts";

/** What the plane lends to each of its pinholes. */
export type NatPinholeTools = {
  readonly netfilter: Pick<Netfilter, "calls" | "close" | "find">;
  readonly usedPinholes: UsedPinholes;
  readonly marks: Marks;
  /** Of this transfer: no other living transfer of this plane has it. */
  readonly number: number;
  abort(connection: Connection): void;
  /** Hands over at once the events that the kernel has. */
  fetchEvents(): void;
  /** The kernel refused to open the pinhole. Returns what to tell of it. */
  refused(errno: number): string;
};

export type NatPinhole = {
  readonly pinhole: Pinhole;
  event(event: ConntrackEvent): void;
  /** Events were lost: what the kernel knows under this pinhole's number, in case one of them is its connection. */
  resynchronise(connections: readonly Connection[]): void;
  /** Its `counts` become those of now: one question to the kernel where it carries. */
  refreshCounts(): void;
};

/** One pinhole's work under way. */
type Driver = {
  readonly tools: NatPinholeTools;
  readonly legs: NatLegs;
  readonly report: (event: PinholeEvent) => void;
  readonly step: (input: NatInput) => void;
  claim: PinholeClaim | undefined;
  joinedAt: number | undefined;
  wait: Deadline | undefined;
  stallWatch: StallWatch | undefined;
  nextLook: NodeJS.Timeout | undefined;
};

export function openNatPinhole(
  tools: NatPinholeTools,
  request: PinholeRequest,
  legs: NatLegs,
  report: (event: PinholeEvent) => void,
): NatPinhole {
  const { peer, listeningSide, dialledSide, dialled } = legs;
  const terms = { listeningSide, dialledSide, peer, marks: tools.marks, wantedPort: dialled.fromPort };
  let state = startNatConnection({ ...terms, connectMs: request.connectMs }, request);
  const driver: Driver = {
    tools,
    legs,
    report,
    step: inTurn((input) => {
      const [stepped, asks] = stepNatConnection(state, input);
      state = stepped;
      for (const ask of asks) perform(driver, ask);
    }),
    claim: undefined,
    joinedAt: undefined,
    wait: undefined,
    stallWatch: undefined,
    nextLook: undefined,
  };
  const { step } = driver;
  soon(() => step({ kind: "open" }));
  const release = () => step({ kind: "release" });
  return {
    pinhole: {
      start() {},
      confirm: () => step({ kind: "confirm" }),
      linger: (ms) => step({ kind: "linger", ms }),
      release,
      dismiss: release,
      counts: () => state.counts,
    },
    event: (event) => step({ kind: "event", event }),
    resynchronise: (connections) => step({ kind: "listed", connections }),
    refreshCounts: () => step({ kind: "refresh counts" }),
  };
}

function perform(driver: Driver, ask: NatAsk): void {
  const { tools, step } = driver;
  switch (ask.kind) {
    case "claim":
      return step(claim(driver, ask.timeoutMs));
    case "mark used":
      return driver.claim?.used();
    case "unreserve":
      return driver.claim?.unreserve();
    case "wait":
      return wait(driver, ask.ms);
    case "shorten wait":
      return driver.wait && wait(driver, Math.min(ask.ms, driver.wait.at - performance.now()));
    case "extend wait":
      return driver.wait && wait(driver, ask.ms);
    case "stop waiting":
      return stopWaiting(driver);
    case "watch stall":
      return watch(driver, ask.ms, ask.original);
    case "limit stall":
      return driver.stallWatch?.limit(ask.ms);
    case "look in":
      driver.nextLook ??= setTimeout(() => step({ kind: "look" }), ask.ms);
      return;
    case "find":
      if (ask.question.why === "look") stopLooking(driver);
      return step({ kind: "found", question: ask.question, connection: tools.netfilter.find(ask.original) });
    case "fetch events":
      return soon(tools.fetchEvents);
    case "inquire":
      return soon(() => {
        tools.fetchEvents();
        step({ kind: "inquired" });
      });
    case "proceed":
      return step({ kind: "proceed" });
    case "abort":
      return tools.abort(ask.connection);
    case "report":
      return driver.report(ask.event);
    case "close":
      return close(driver, ask);
  }
}

function claim(driver: Driver, timeoutMs: number): NatInput {
  const { tools, legs } = driver;
  const claimed = claimPinhole(tools.netfilter, tools.usedPinholes, legs.listening, {
    peer: legs.peer,
    mark: (tools.marks.value | tools.number) >>> 0,
    to: legs.dialled.to,
    from: legs.dialled.bind,
    timeoutMs,
  });
  if ("local" in claimed) {
    driver.claim = claimed;
    return { kind: "claimed", local: claimed.local };
  }
  const { reason, detail, errno } = claimed;
  return { kind: "refused", reason, detail: errno === undefined ? detail : tools.refused(errno) };
}

function stopWaiting(driver: Driver): void {
  cancelDeadline(driver.wait);
  driver.wait = undefined;
}

function stopLooking(driver: Driver): void {
  clearTimeout(driver.nextLook);
  driver.nextLook = undefined;
}

function wait(driver: Driver, ms: number): void {
  stopWaiting(driver);
  driver.wait = setDeadline(ms, () => driver.step({ kind: "overdue" }));
}

function watch(driver: Driver, ms: number, original: Tuple): void {
  const { tools, step } = driver;
  driver.joinedAt = performance.now();
  driver.stallWatch = watchStall(
    ms,
    () => totalBytes(tools.netfilter.find(original)),
    () => step({ kind: "stalled" }),
  );
}

function close(driver: Driver, { outcome, bytesUp, bytesDown, detail }: Extract<NatAsk, { kind: "close" }>): void {
  const { joinedAt, report } = driver;
  const durationMs = joinedAt === undefined ? 0 : Math.round(performance.now() - joinedAt);
  stopWaiting(driver);
  stopLooking(driver);
  driver.stallWatch?.stop();
  driver.claim?.release();
  const end = { kind: "closed", outcome, bytesUp, bytesDown, durationMs } as const;
  soon(() => report(detail === undefined ? end : { ...end, detail }));
}
