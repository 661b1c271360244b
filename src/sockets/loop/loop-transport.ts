// Transports on the loop: a descriptor each, read and written by system calls. Events are level-triggered, because a read ends at an urgent
// byte whatever stands behind it; interest is taken back only when an event comes that is not wanted.
import { Socket, type SocketConstructorOpts } from "node:net";
import { getSystemErrorName } from "node:util";
import type { Endpoint } from "../../net/endpoint.ts";
import { cancelDeadline, type Deadline, setDeadline } from "../deadlines.ts";
import { placeText, sendLimit, sendMemory } from "../socket-calls.ts";
import { soon } from "../soon.ts";
import {
  closingGraceMs,
  type Connection,
  discardedBytes,
  hasInput,
  receive,
  sharedMemory,
  type Transport,
  unheard,
  type Ways,
} from "../transport.ts";
import type { LateKeepalive } from "./late-keepalive.ts";
import type { Loop } from "./loop.ts";
import { interests } from "./poller.ts";

type LoopConnection = Connection & {
  readonly loop: Loop;
  /** -1 once it is closed. */
  fd: number;
  /** What epoll was told. */
  interest: number;
  /** Out of the epoll, because it broke while nobody wanted to read. */
  isUnwatched: boolean;
  /** Text that was sent and that the kernel has not taken. */
  unsent: string;
  /** Still to be set; 0 if it is. */
  keepAliveMs: number;
  /** While the peer is waited for after our end. */
  cutOff: Deadline | undefined;
};

const errnos = { again: 11, broken: 32 } as const;
const flags = { dontWait: 0x40, noSignal: 0x4000, more: 0x8000 } as const;
const shutWrite = 1;

export type LoopEnds = {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  /** Keepalive is to be set later, after so many milliseconds without traffic; 0 if it is set already. */
  readonly keepAliveMs: number;
};

/** `fd` is connected, and registered already or not; the transport closes it. */
export function loopTransport(loop: Loop, fd: number, { local, peer, keepAliveMs }: LoopEnds): Transport {
  const { poller } = loop;
  const connection: LoopConnection = {
    ways,
    local,
    peer,
    memory: sharedMemory,
    from: 0,
    to: 0,
    hasEnded: false,
    isClosed: false,
    isReading: true,
    isEnding: false,
    discarded: 0,
    owner: undefined,
    events: unheard,
    loop,
    fd,
    interest: interests.read,
    isUnwatched: false,
    unsent: "",
    keepAliveMs,
    cutOff: undefined,
  };
  if (poller.numberOf(fd) === undefined) poller.add(fd, interests.read, connection, ready);
  else poller.hand(fd, interests.read, connection, ready);
  if (keepAliveMs > 0) loop.keepAliveLater();
  return connection;
}

/** The connections among what is registered. */
export function* connectionsOf(owners: Iterable<unknown>): Iterable<LateKeepalive> {
  for (const owner of owners)
    if (typeof owner === "object" && owner !== null && "keepAliveMs" in owner) yield owner as LoopConnection;
}

function ready(connection: LoopConnection, isReadable: boolean, isWritable: boolean, isBroken: boolean): void {
  if (isWritable && connection.unsent !== "") sendUnsent(connection);
  if (!isReadable || connection.fd < 0) return;
  const isWanted = !connection.hasEnded && (connection.isReading || connection.isEnding);
  if (isWanted) read(connection);
  else if (isBroken) unwatch(connection);
  else setInterest(connection, connection.interest & ~interests.read);
}

function read(connection: LoopConnection): void {
  const { calls } = connection.loop;
  const count = calls.receive(connection.fd, sharedMemory, sharedMemory.length, flags.dontWait);
  if (count > 0) {
    if (!connection.isEnding) receive(connection, sharedMemory, count);
    else if ((connection.discarded += count) > discardedBytes) closeNow(connection);
    return;
  }
  if (count < 0) {
    const errno = calls.errno();
    return errno === errnos.again ? undefined : fail(connection, errno);
  }
  connection.hasEnded = true;
  if (connection.isEnding) closeNow(connection);
  else connection.events.ended(connection.owner);
}

function setInterest(connection: LoopConnection, interest: number): void {
  if (connection.fd < 0 || (interest === connection.interest && !connection.isUnwatched)) return;
  connection.interest = interest;
  const { poller } = connection.loop;
  if (connection.isUnwatched) poller.add(connection.fd, interest, connection, ready);
  else poller.change(connection.fd, interest);
  connection.isUnwatched = false;
}

/** The kernel would tell of it again and again. */
function unwatch(connection: LoopConnection): void {
  connection.isUnwatched = true;
  connection.loop.poller.remove(connection.fd);
}

/** How many bytes the kernel took; below zero: minus the error's number. */
function sendNow({ loop, fd }: LoopConnection, text: string, how: number): number {
  const sent = loop.calls.send(fd, sendMemory, placeText(text), flags.dontWait | flags.noSignal | how);
  if (sent >= 0) return sent;
  const errno = loop.calls.errno();
  return errno === errnos.again ? 0 : -errno;
}

/** Sends as much as the kernel takes and keeps the rest. False if the connection broke. */
function sendOrKeep(connection: LoopConnection, text: string, how = 0): boolean {
  let left = text;
  while (left !== "") {
    const sent = sendNow(connection, left, how);
    if (sent < 0) {
      connection.unsent = "";
      // Whoever sends is not told of it in the middle.
      soon(() => fail(connection, -sent));
      return false;
    }
    const offered = Math.min(left.length, sendLimit);
    left = left.slice(sent);
    if (sent < offered) break;
  }
  connection.unsent = left;
  return true;
}

function sendUnsent(connection: LoopConnection): void {
  if (!sendOrKeep(connection, connection.unsent) || connection.unsent !== "") return;
  setInterest(connection, connection.interest & ~interests.write);
  if (connection.isEnding) sayEnd(connection);
  else connection.events.drained(connection.owner);
}

/** Where the kernel has not taken all of a text. */
function waitForRoom(connection: LoopConnection): void {
  if (connection.unsent !== "") setInterest(connection, connection.interest | interests.write);
}

/** In one segment with our FIN, which follows, if the kernel takes all of it. False if the connection broke. */
function sayLast(connection: LoopConnection, says: string): boolean {
  if (connection.unsent !== "") {
    connection.unsent += says;
    return true;
  }
  if (!sendOrKeep(connection, says, flags.more)) return false;
  waitForRoom(connection);
  return true;
}

/** Our FIN. A connection that its peer has ended is closed with it. */
function sayEnd(connection: LoopConnection): void {
  if (connection.hasEnded) return closeNow(connection);
  connection.loop.calls.shutdown(connection.fd, shutWrite);
  connection.cutOff = setDeadline(closingGraceMs, () => closeNow(connection));
}

function fail(connection: LoopConnection, errno: number): void {
  if (connection.fd < 0) return;
  connection.events.failed(connection.owner, getSystemErrorName(-errno));
  closeNow(connection);
}

function closeNow(connection: LoopConnection): void {
  const { fd, loop } = connection;
  if (fd < 0) return;
  connection.fd = -1;
  connection.unsent = "";
  cancelDeadline(connection.cutOff);
  loop.poller.forget(fd);
  loop.calls.close(fd);
  loop.closed();
  soon(() => {
    connection.isClosed = true;
    connection.events.closed(connection.owner);
  });
}

const ways: Ways = {
  send(connection, text) {
    const own = connection as LoopConnection;
    if (own.fd < 0 || own.isEnding) return;
    if (own.unsent !== "") own.unsent += text;
    else if (sendOrKeep(own, text)) waitForRoom(own);
  },
  backlog: (connection) => (connection as LoopConnection).unsent.length,
  unacknowledged(connection) {
    const { fd, loop } = connection as LoopConnection;
    return fd < 0 ? 0 : loop.calls.sockets.unacknowledgedBytes(fd);
  },
  setReading(connection, wanted) {
    const own = connection as LoopConnection;
    // Else an idle connection would hold on to memory whose bytes are all taken.
    if (wanted && !hasInput(own)) own.memory = sharedMemory;
    if (wanted && !own.hasEnded) setInterest(own, own.interest | interests.read);
  },
  end(connection, says) {
    const own = connection as LoopConnection;
    if (own.fd < 0 || own.isEnding) return;
    if (says !== "" && !sayLast(own, says)) return;
    own.isEnding = true;
    if (own.unsent === "") sayEnd(own);
    // Unread bytes at close would turn our FIN into a reset that overtakes the farewell.
    if (!own.hasEnded) setInterest(own, own.interest | interests.read);
  },
  close: (connection) => closeNow(connection as LoopConnection),
  abort(connection) {
    const own = connection as LoopConnection;
    if (own.fd >= 0) own.loop.calls.sockets.resetWhenClosed(own.fd, true);
    closeNow(own);
  },
  descriptor: (connection) => (connection as LoopConnection).fd,
  originalDestination(connection, family) {
    const { fd, loop } = connection as LoopConnection;
    return fd < 0 ? undefined : loop.calls.sockets.originalDestination(fd, family);
  },
  detach(connection) {
    const own = connection as LoopConnection;
    const { fd, loop, keepAliveMs } = own;
    own.fd = -1;
    if (fd < 0) return new Socket().destroy();
    if (!own.isUnwatched) loop.poller.remove(fd);
    if (keepAliveMs > 0) loop.calls.sockets.keepAlive(fd, keepAliveMs);
    loop.letNodeTurn();
    loop.closed();
    return nodeSocketOf(fd);
  },
};

/** `manualStart`: undocumented, and needed, since a socket made of a descriptor reads at once. */
function nodeSocketOf(fd: number): Socket {
  const how: SocketConstructorOpts & { readonly manualStart: boolean } = { fd, allowHalfOpen: true, manualStart: true };
  return new Socket({ ...how, readable: true, writable: true });
}
