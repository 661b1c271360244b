// One data connection through this process: gets both its legs connected, in the order in which FTP wants them, and hands
// them to what carries bytes. It is opening → waiting (for peers, for the owner's word) → carrying → closed.
import type { Socket } from "node:net";
import type { Endpoint } from "../../net/endpoint.ts";
import type { Carry, HoldingCarriage } from "./carriage.ts";
import { cancelDeadline, type Deadline, setDeadline } from "../../sockets/deadlines.ts";
import { dialLeg } from "./dialled-leg.ts";
import { resetLeg } from "./leg.ts";
import { closeLeg } from "./leg-guard.ts";
import { type ListeningLeg, openListeningLeg } from "./listening-leg.ts";
import type {
  ByteCounts,
  OpenRefusal,
  Pinhole,
  PinholeEvent,
  PinholeOutcome,
  PinholeRequest,
  PlaneName,
  Side,
} from "../pinhole.ts";
import { watchUnacknowledged } from "../../sockets/socket-options.ts";
import { soon } from "../../sockets/soon.ts";
import { type StallWatch, watchStall } from "../stall-watch.ts";

type Report = (event: PinholeEvent) => void;

const sides = ["client", "server"] as const;

/** From the start of a transfer that nobody announces until the server's bytes go to the client all the same. */
const holdLimitMs = 1000;

export function openDataPinhole(plane: PlaneName, carry: Carry, request: PinholeRequest, report: Report): Pinhole {
  let state: "opening" | "waiting" | "carrying" | "closed" = "opening";
  const areBothDialled = sides.every((side) => request[side].kind === "dial");
  const listeningLegs = new Map<Side, ListeningLeg>();
  const endpoints = new Map<Side, Endpoint>();
  const dials = new Map<Side, { cancel(): void }>();
  const sockets = new Map<Side, Socket>();
  let { expiryMs, stallMs } = request;
  let isStarted = false;
  let isConfirmed = false;
  let isReleased = false;
  let isDelivered = false;
  let expiry: Deadline | undefined;
  let stallWatch: StallWatch | undefined;
  let carriage: HoldingCarriage | undefined;
  let hold: Deadline | undefined;
  let joinedAt = 0;
  let finalCounts: ByteCounts = { bytesUp: 0, bytesDown: 0 };
  /** What an aborted carriage is reported as. */
  let verdict: PinholeOutcome = "aborted";

  soon(listen);
  return { start, confirm, linger, release, dismiss, counts };

  function listen() {
    const toListen = sides.filter((side) => request[side].kind === "listen");
    for (const side of toListen) {
      const leg = request[side];
      if (leg.kind !== "listen" || state !== "opening") continue;
      const listeningLeg = openListeningLeg(leg, {
        opened(endpoint) {
          endpoints.set(side, endpoint);
          if (endpoints.size === toListen.length) opened();
        },
        refused,
        stranger: (from) => state === "waiting" && report({ kind: "stranger", side, from }),
        admitted: (socket, from) => admitted(side, socket, from),
      });
      listeningLegs.set(side, listeningLeg);
    }
    if (toListen.length === 0) opened();
  }

  function refused(reason: OpenRefusal, detail: string) {
    if (state !== "opening") return;
    state = "closed";
    releaseAll();
    report({ kind: "refused", reason, detail });
  }

  function opened() {
    if (state !== "opening") return;
    state = "waiting";
    expireIn(expiryMs);
    report({ kind: "opened", plane, ...Object.fromEntries(endpoints) });
    if (isReleased) close("released");
    else if (isStarted && areBothDialled) dial("server");
  }

  function start() {
    isStarted = true;
    if (areBothDialled && state === "waiting") dial("server");
    if (state === "carrying") limitHold();
  }

  function confirm() {
    isConfirmed = true;
    if (areBothDialled && state === "waiting" && sockets.has("server")) dial("client");
    letDown();
  }

  /** A server that announces nothing at all must not wait for ever. */
  function limitHold() {
    if (!isConfirmed) hold ??= setDeadline(holdLimitMs, letDown);
  }

  function letDown() {
    cancelDeadline(hold);
    carriage?.letDown();
  }

  function admitted(side: Side, socket: Socket, from: Endpoint) {
    if (state !== "waiting") return resetLeg(socket);
    sockets.set(side, socket);
    socket.on("error", () => {});
    report({ kind: "admitted", side, from });
    const other = side === "client" ? "server" : "client";
    if (request[other].kind === "dial") dial(other);
    else if (sockets.has(other)) join();
  }

  function dial(side: Side) {
    const leg = request[side];
    if (state !== "waiting" || leg.kind !== "dial" || dials.has(side)) return;
    // Both dialled, the expiry still limits how long the server is waited for.
    if (!areBothDialled) disarmExpiry();
    const attempt = dialLeg(leg, request.connectMs, {
      connected(socket, portRefusal) {
        sockets.set(side, socket);
        socket.on("error", () => {});
        if (portRefusal !== undefined) {
          report({ kind: "other-source-port", side, wanted: leg.fromPort ?? 0, detail: portRefusal });
        }
        if (sockets.size === 2) join();
        else awaitWord(socket);
      },
      failed: (detail, wasReached) => close(wasReached ? `${side}-reset` : `${side}-unreachable`, detail),
    });
    dials.set(side, attempt);
  }

  /** Both dialled, the server's leg connected: its data or its end are as good as the owner's word. */
  function awaitWord(server: Socket) {
    if (state !== "waiting") return;
    disarmExpiry();
    stallWatch = watchStall(
      stallMs,
      () => 0,
      () => close("stalled"),
    );
    if (isConfirmed) return dial("client");
    server.once("readable", () => dial("client"));
    server.on("error", (error) => state === "waiting" && close("server-reset", error.message));
  }

  function join() {
    if (state !== "waiting") return;
    report({ kind: "joined" });
    const client = sockets.get("client");
    const server = sockets.get("server");
    // The owner may have released it in answer.
    if (isReleased || client === undefined || server === undefined) return;
    state = "carrying";
    disarmExpiry();
    stallWatch?.stop();
    sockets.clear();
    joinedAt = performance.now();
    // Handed to the kernel, not yet taken by the peers: megabytes, of which a third has to go before more can be written. A
    // slow receiver is not one that stands still.
    const underway = [client, server].map(watchUnacknowledged);
    // What made a dialled server's leg be heard was read already.
    const head: unknown = areBothDialled ? server.read() : null;
    carriage = carry(
      { client, server, isDownHeld: !isConfirmed, ...(Buffer.isBuffer(head) && { head }) },
      {
        delivered() {
          if (state !== "carrying" || isDelivered) return;
          isDelivered = true;
          report({ kind: "delivered" });
        },
        ended(end, carried, detail) {
          finalCounts = carried;
          close(end === "aborted" ? verdict : end, detail);
        },
      },
    );
    stallWatch = watchStall(
      stallMs,
      () => {
        const { bytesUp, bytesDown } = counts();
        return underway.reduce((moved, unacknowledged) => moved - unacknowledged(), bytesUp + bytesDown);
      },
      () => abort("stalled"),
    );
    if (isStarted) limitHold();
  }

  function linger(ms: number) {
    if (state === "closed") return;
    stallMs = ms;
    expiryMs = Math.min(expiryMs, ms);
    stallWatch?.limit(ms);
    if (expiry) expireIn(Math.min(ms, expiry.at - performance.now()));
  }

  function release() {
    isReleased = true;
    if (state === "waiting") close("released");
    else if (state === "carrying") abort("aborted");
  }

  function dismiss() {
    if (state === "waiting") for (const socket of sockets.values()) closeLeg(socket);
    carriage?.retire();
    release();
  }

  function abort(outcome: PinholeOutcome) {
    verdict = outcome;
    carriage?.abort();
  }

  function expireIn(ms: number) {
    disarmExpiry();
    expiry = setDeadline(ms, () => close("expired"));
  }

  function disarmExpiry() {
    cancelDeadline(expiry);
    expiry = undefined;
  }

  function counts(): ByteCounts {
    return (state === "carrying" ? carriage?.counts() : undefined) ?? finalCounts;
  }

  function close(outcome: PinholeOutcome, detail?: string) {
    if (state === "closed") return;
    const durationMs = state === "carrying" ? Math.round(performance.now() - joinedAt) : 0;
    state = "closed";
    releaseAll();
    const end = { kind: "closed", outcome, ...finalCounts, durationMs } as const;
    soon(() => report(detail === undefined ? end : { ...end, detail }));
  }

  function releaseAll() {
    disarmExpiry();
    cancelDeadline(hold);
    stallWatch?.stop();
    for (const attempt of dials.values()) attempt.cancel();
    for (const socket of sockets.values()) resetLeg(socket);
    for (const leg of listeningLegs.values()) leg.release();
  }
}
