// Local conversation: with another process of this machine through a unix socket, in which it sends listening sockets of its own. Each
// call waits for its end: for a process that has nothing else to do yet.
import { Socket } from "node:net";
import { type Endpoint, formatEndpoint, sameEndpoint } from "../net/endpoint.ts";
import { unixAddress } from "./datagrams.ts";
import { loadLocalCalls, type LocalCalls, type Peer } from "./local-calls.ts";
import { readSocketAddress } from "./socket-calls.ts";
import { errnoName, families, levels, options, socketTypes } from "./system-calls.ts";

export type LocalConversation = {
  readonly peer: Peer;
  /** Throws an Error that says why it could not be sent. */
  send(text: string): void;
  /** Bytes, and descriptors that are the caller's from now on; undefined when the other end has closed. Throws an Error. */
  receive(): { readonly text: string; readonly descriptors: readonly number[] } | undefined;
  /** The same connection as a socket of Node's, which owns it from now on. */
  detach(): Socket;
  close(): void;
};

/** `nobody`: no process listens there. */
export type OpenedConversation =
  | { readonly kind: "open"; readonly conversation: LocalConversation }
  | { readonly kind: "nobody" }
  | { readonly kind: "failed"; readonly reason: string };

const sendTimeout = 21;
const noSignal = 0x4000;
const acceptsConnections = 30;
const protocol = 38;
const tcp = 6;

/** `patienceMs`: so long each call waits. */
export function openConversation(path: string, patienceMs: number): OpenedConversation {
  const loaded = loadLocalCalls();
  if (!loaded.ok) return { kind: "failed", reason: loaded.reason };
  const { calls } = loaded;
  const address = unixAddress(path);
  if (address === undefined) return { kind: "failed", reason: `the path is too long: ${path}` };
  const fd = calls.socket(families.local, socketTypes.stream | socketTypes.closeOnExec, 0);
  if (fd < 0) return { kind: "failed", reason: errnoName(calls.errno()) };
  const fail = (reason: string): OpenedConversation => {
    calls.close(fd);
    return ["ENOENT", "ECONNREFUSED"].includes(reason) ? { kind: "nobody" } : { kind: "failed", reason };
  };
  for (const option of [options.receiveTimeout, sendTimeout]) {
    calls.setsockopt(fd, levels.socket, option, timeValue(patienceMs), 16);
  }
  if (calls.connect(fd, address, address.length) !== 0) return fail(errnoName(calls.errno()));
  const peer = calls.peerOf(fd);
  if (peer === undefined) return fail("it is not known who is there");
  return { kind: "open", conversation: conversationOn(fd, peer, calls) };
}

function conversationOn(fd: number, peer: Peer, calls: LocalCalls): LocalConversation {
  return {
    peer,
    send(text) {
      const bytes = Buffer.from(text);
      if (calls.send(fd, bytes, bytes.length, noSignal) !== bytes.length) throw new Error(errnoName(calls.errno()));
    },
    receive() {
      const received = calls.receive(fd);
      if (received === "EAGAIN") throw new Error("no answer");
      if (typeof received === "string") throw new Error(received);
      const { bytes, descriptors } = received;
      if (bytes.length === 0 && descriptors.length === 0) return undefined;
      return { text: bytes.toString("utf8"), descriptors };
    },
    detach() {
      const settings = { fd, readable: true, writable: true };
      return new Socket(settings);
    },
    close: () => void calls.close(fd),
  };
}

/** Why a descriptor is not a TCP socket that listens at that endpoint; undefined if it is. */
export function notListening(descriptor: number, endpoint: Endpoint): string | undefined {
  const loaded = loadLocalCalls();
  if (!loaded.ok) return loaded.reason;
  const { numberOption, ownAddress } = loaded.calls;
  const isListening = numberOption(descriptor, levels.socket, acceptsConnections) === 1;
  if (!isListening || numberOption(descriptor, levels.socket, protocol) !== tcp) return "it is no listening TCP socket";
  const address = ownAddress(descriptor);
  const bound = address && readSocketAddress(address);
  if (bound !== undefined && sameEndpoint(bound, endpoint)) return undefined;
  return `it is not bound to ${formatEndpoint(endpoint)}`;
}

export function closeDescriptor(descriptor: number): void {
  const loaded = loadLocalCalls();
  if (loaded.ok) loaded.calls.close(descriptor);
}

/** struct timeval */
function timeValue(ms: number): Buffer {
  const value = Buffer.alloc(16);
  value.writeBigInt64LE(BigInt(Math.floor(ms / 1000)), 0);
  value.writeBigInt64LE(BigInt(Math.floor(ms % 1000) * 1000), 8);
  return value;
}
