// NAT pinhole: one data connection that the kernel translates. Opens the pinhole, follows the connection by its conntrack
// events, and says how it ended. It is opening → waiting (for the peer's SYN) → connecting → carrying → closed.
import { sameEndpoint } from "../../net/endpoint.ts";
import { cancelDeadline, type Deadline, setDeadline } from "../../sockets/deadlines.ts";
import type { OpenRefusal, Pinhole, PinholeEvent, PinholeOutcome, PinholeRequest } from "../pinhole.ts";
import { soon } from "../../sockets/soon.ts";
import { type StallWatch, watchStall } from "../stall-watch.ts";
import type { Connection, ConntrackEvent, Tuple } from "./netlink/conntrack-message.ts";
import { tcpStates, totalBytes } from "./netlink/conntrack-message.ts";
import type { Marks } from "./marks.ts";
import type { Netfilter } from "./netlink/netfilter.ts";
import type { NatLegs } from "./peers-fit.ts";
import { claimPinhole, type PinholeClaim } from "./pinhole-claim.ts";
import type { UsedPinholes } from "./used-pinholes.ts";

/** What the plane lends to each of its pinholes. */
export type NatPinholeTools = {
  readonly netfilter: Netfilter;
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

type Amounts = { readonly up: number; readonly down: number };

export type NatPinhole = {
  readonly pinhole: Pinhole;
  event(event: ConntrackEvent): void;
  /** Events were lost: what the kernel knows under this pinhole's number, in case one of them is its connection. */
  resynchronise(connections: readonly Connection[]): void;
};

/** When what nobody tells of is looked after again, that the end of the data has been acknowledged: soon, then less often. */
const lookAgainMs = { first: 1, last: 25 } as const;

export function openNatPinhole(
  tools: NatPinholeTools,
  request: PinholeRequest,
  { listening, dialled, listeningSide, dialledSide, peer }: NatLegs,
  report: (event: PinholeEvent) => void,
): NatPinhole {
  const { netfilter, usedPinholes, marks } = tools;
  let state: "opening" | "waiting" | "connecting" | "carrying" | "closed" = "opening";
  let { expiryMs, stallMs } = request;
  let claim: PinholeClaim | undefined;
  let original: Tuple | undefined;
  let last: Connection | undefined;
  let joinedAt = 0;
  let isReleased = false;
  let isDelivered = false;
  let isLingering = false;
  /** Counted when all of a download was delivered: it does not become more. */
  let finalAmounts: Amounts | undefined;
  /** The expiry, then the time to connect. */
  let deadline: Deadline | undefined;
  let stallWatch: StallWatch | undefined;
  let nextLook: NodeJS.Timeout | undefined;
  let lookMs: number = lookAgainMs.first;

  soon(open);
  const pinhole = { start() {}, confirm: heard, linger, release, dismiss: release, counts: uncounted };
  return { pinhole, event, resynchronise };

  /** The peers do something: there may be events. A start is not worth the question: more follows soon. */
  function heard() {
    if (state !== "closed") soon(tools.fetchEvents);
  }

  function open() {
    const claimed = claimPinhole(netfilter, usedPinholes, listening, {
      peer,
      mark: (marks.value | tools.number) >>> 0,
      to: dialled.to,
      from: dialled.bind,
      timeoutMs: expiryMs,
    });
    if ("local" in claimed) return opened(claimed);
    const { reason, detail, errno } = claimed;
    refuse(reason, errno === undefined ? detail : tools.refused(errno));
  }

  function refuse(reason: OpenRefusal, detail: string) {
    state = "closed";
    report({ kind: "refused", reason, detail });
  }

  function opened(claimed: PinholeClaim) {
    state = "waiting";
    claim = claimed;
    expireIn(expiryMs);
    report({ kind: "opened", plane: "kernel", [listeningSide]: claimed.local });
    if (isReleased) close("released");
  }

  function expireIn(ms: number) {
    cancelDeadline(deadline);
    deadline = setDeadline(ms, () => close("expired"));
  }

  function event({ kind, connection }: ConntrackEvent) {
    if (!isThis(connection)) return;
    // It came through just before the pinhole was released, or ran out.
    if (state === "closed") return kind === "new" ? tools.abort(connection) : undefined;
    if (kind === "gone" && state === "carrying") {
      last = connection;
      return ended(
        connection.state === tcpStates.close ? resetBy(connection) : "aborted",
        "connection tracking forgot it",
      );
    }
    follow(connection);
  }

  /** A number may come round again while a connection of a gateway before us still lives. */
  function isThis({ original: seen }: Connection): boolean {
    return claim !== undefined && seen.source.address === peer && sameEndpoint(seen.destination, claim.local);
  }

  function resynchronise(connections: readonly Connection[]) {
    const connection = connections.find(isThis);
    if (connection) follow(connection);
    else if (state === "connecting") close(`${dialledSide}-unreachable`, "the connection is gone");
    else if (state === "carrying") ended("aborted", "the connection is gone, and events of its end were lost");
  }

  function follow(connection: Connection) {
    last = connection;
    if (state === "waiting") admit(connection);
    if (state === "connecting") connect(connection);
    if (state === "carrying") carry(connection);
  }

  function admit(connection: Connection) {
    state = "connecting";
    ({ original } = connection);
    claim?.used();
    cancelDeadline(deadline);
    deadline = setDeadline(request.connectMs, giveUpConnecting);
    report({ kind: "admitted", side: listeningSide, from: original.source });
    const { fromPort: wanted } = dialled;
    const { port } = connection.reply.destination;
    if (wanted !== undefined && port !== wanted) {
      const detail = `the kernel took port ${port}: the server came from ${original.source.port}, or the port was in use`;
      report({ kind: "other-source-port", side: dialledSide, wanted, detail });
    }
  }

  function giveUpConnecting() {
    if (last) tools.abort(last);
    const seconds = request.connectMs / 1000;
    close(`${dialledSide}-unreachable`, `no answer from it within ${seconds} s`);
  }

  function connect(connection: Connection) {
    const { state: tcpState = 0, isAssured } = connection;
    if (isAssured || (tcpState >= tcpStates.established && tcpState <= tcpStates.timeWait)) return join();
    if (tcpState !== tcpStates.close) return;
    // Who answers a SYN with RST refuses; who sends RST after its own SYN has reset what it opened.
    if ((connection.mark & marks.openerReset) !== 0) close(`${listeningSide}-reset`);
    else close(`${dialledSide}-unreachable`, "connection refused");
  }

  function join() {
    cancelDeadline(deadline);
    claim?.unreserve();
    report({ kind: "joined" });
    // The owner may have released it in answer.
    if (isReleased) return;
    state = "carrying";
    joinedAt = performance.now();
    stallWatch = watchStall(
      stallMs,
      () => totalBytes(look()),
      () => abort("stalled"),
    );
  }

  function carry(connection: Connection) {
    const { state: tcpState = 0 } = connection;
    if (hasDelivered(connection) && !isDelivered) {
      isDelivered = true;
      const amounts = amountsOf(connection);
      if (amounts && amounts.down > amounts.up) finalAmounts = amounts;
      report({ kind: "delivered" });
      if (state !== "carrying") return;
    }
    if (tcpState === tcpStates.close) return ended(resetBy(connection));
    const isSettled = !connection.opener.hasUnacknowledged && !connection.answerer.hasUnacknowledged;
    if (tcpState === tcpStates.timeWait && isSettled) ended("complete");
    else if (tcpState === tcpStates.timeWait || (isLingering && !isDelivered)) lookAgain();
  }

  /** The client has acknowledged the server's FIN, and with it all data; or was sent it before the server's RST. */
  function hasDelivered(connection: Connection): boolean {
    const { state: tcpState = 0 } = connection;
    const server = listeningSide === "server" ? connection.opener : connection.answerer;
    const haveBothFin = tcpState === tcpStates.lastAck || tcpState === tcpStates.timeWait;
    const isReset = tcpState === tcpStates.close && resetBy(connection) === "server-reset";
    return (haveBothFin || server.closedFirst) && (isReset || !server.hasUnacknowledged);
  }

  /** Mostly all has been delivered by now, and the events say so. */
  function inquire() {
    tools.fetchEvents();
    if (!isDelivered) lookNow();
  }

  function lookAgain() {
    nextLook ??= setTimeout(lookNow, lookMs);
    lookMs = Math.min(lookMs * 2, lookAgainMs.last);
  }

  function lookNow() {
    clearTimeout(nextLook);
    nextLook = undefined;
    if (state !== "carrying") return;
    const connection = look();
    if (connection) follow(connection);
    else ended("aborted", "connection tracking forgot it");
  }

  function look(): Connection | undefined {
    return original && netfilter.find(original);
  }

  /** Who sent the RST, from the flags that the table's rules have left in the mark. */
  function resetBy({ mark }: Connection): "client-reset" | "server-reset" {
    if ((mark & marks.openerReset) !== 0) return `${listeningSide}-reset`;
    if ((mark & marks.answererReset) !== 0) return `${dialledSide}-reset`;
    // Our chain has not seen it: somebody else's dropped it. To both peers it is the same.
    return "server-reset";
  }

  function linger(ms: number) {
    if (state === "closed") return;
    stallMs = ms;
    expiryMs = Math.min(expiryMs, ms);
    stallWatch?.limit(ms);
    isLingering = true;
    soon(inquire);
    if (state === "waiting" && deadline) expireIn(Math.min(ms, deadline.at - performance.now()));
  }

  function release() {
    isReleased = true;
    if (state === "carrying") return abort("aborted");
    if (state === "connecting" && last) tools.abort(last);
    if (state === "waiting" || state === "connecting") close("released");
  }

  function abort(outcome: PinholeOutcome) {
    const connection = look();
    if (connection) {
      last = connection;
      if (!hasCarriedAll(connection)) tools.abort(connection);
    }
    ended(outcome);
  }

  /**
   * A receiver that has acknowledged the FIN has all there is: an RST would take from it what it has not read yet. Data goes
   * one way in FTP, so the way that has carried more is the one that counts.
   */
  function hasCarriedAll({ opener, answerer, bytes }: Connection): boolean {
    const sender = bytes && bytes.fromOpener > bytes.fromAnswerer ? opener : answerer;
    return isDelivered || (sender.closedFirst && !sender.hasUnacknowledged);
  }

  function ended(outcome: PinholeOutcome, detail?: string) {
    const { up, down } = amountsOf(last) ?? finalAmounts ?? amountsOf(look()) ?? { up: 0, down: 0 };
    close(outcome, detail, up, down);
  }

  function amountsOf(connection: Connection | undefined): Amounts | undefined {
    const bytes = connection?.bytes;
    if (bytes === undefined) return undefined;
    const { fromOpener, fromAnswerer } = bytes;
    return listeningSide === "client" ? { up: fromOpener, down: fromAnswerer } : { up: fromAnswerer, down: fromOpener };
  }

  function close(outcome: PinholeOutcome, detail?: string, bytesUp = 0, bytesDown = 0) {
    if (state === "closed") return;
    const durationMs = state === "carrying" ? Math.round(performance.now() - joinedAt) : 0;
    state = "closed";
    cancelDeadline(deadline);
    clearTimeout(nextLook);
    stallWatch?.stop();
    claim?.release();
    const end = { kind: "closed", outcome, bytesUp, bytesDown, durationMs } as const;
    soon(() => report(detail === undefined ? end : { ...end, detail }));
  }
}

const uncounted = () => ({ bytesUp: 0, bytesDown: 0 });
