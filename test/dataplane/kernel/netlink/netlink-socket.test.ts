// Against the kernel's routing, which answers everybody.
import { afterEach, expect, test } from "vitest";
import {
  createMessageWriter,
  flags,
  messageOf,
  typeOf,
} from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import {
  type NetlinkSocket,
  openNetlinkSocket,
  protocols,
} from "../../../../src/dataplane/kernel/netlink/netlink-socket.ts";
import { parseRoute, writeRouteQuestion } from "../../../../src/dataplane/kernel/netlink/route-message.ts";
import { systemCalls } from "../system-calls.ts";

const opened: NetlinkSocket[] = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close();
});

function open(calls = systemCalls()): NetlinkSocket {
  const socket = openNetlinkSocket(calls, protocols.route);
  if ("errno" in socket) throw new Error(`errno ${socket.errno}`);
  opened.push(socket);
  return socket;
}

function routeTo(socket: NetlinkSocket, address: string) {
  const writer = createMessageWriter();
  const sequence = socket.sequence(1);
  writeRouteQuestion(writer, sequence, address);
  return socket.ask(writer, sequence, (data, at) => parseRoute(messageOf(data, at)));
}

const getLink = 18;
const newLink = 16;

/** Asks for every network interface. */
function links(socket: NetlinkSocket) {
  const writer = createMessageWriter();
  const sequence = socket.sequence(1);
  writer.begin(getLink, flags.request | flags.dump, sequence);
  writer.bytes(new Uint8Array(16));
  writer.end();
  return socket.dump(writer, sequence, (data, at) => typeOf(data, at));
}

/** A row of messages, the last of which is to be acknowledged; an unknown type is refused. */
function acknowledge(socket: NetlinkSocket, types: readonly number[]) {
  const writer = createMessageWriter();
  const first = socket.sequence(types.length);
  for (const [index, type] of types.entries()) {
    const isLast = index === types.length - 1;
    writer.begin(type, flags.request | (isLast ? flags.acknowledge : 0), first + index);
    writer.end();
  }
  return socket.acknowledged(writer, first + types.length - 1);
}

/** NLMSG_NOOP */
const nothing = 1;
const unknownType = 0x7f;
const operationNotSupported = 95;

test("a question is answered by one message", () => {
  expect(routeTo(open(), "127.0.0.1")).toBe("local");
});

test("a dump is every message of it", () => {
  const found = links(open());
  if (typeof found === "number") throw new Error(`errno ${found}`);
  expect(found.length).toBeGreaterThan(0);
  expect(new Set(found)).toEqual(new Set([newLink]));
});

test("a request is acknowledged with 0, and the first of several that fails with its errno", () => {
  const socket = open();
  expect(acknowledge(socket, [nothing, nothing])).toBe(0);
  expect(acknowledge(socket, [unknownType])).toBe(operationNotSupported);
  expect(acknowledge(socket, [nothing, unknownType])).toBe(operationNotSupported);
});

test("what is left of an answer that was given up is not taken for the next one's", () => {
  const socket = open();
  for (let round = 0; round < 20; round++) {
    expect(acknowledge(socket, [unknownType, unknownType, unknownType])).toBe(operationNotSupported);
    expect(routeTo(socket, "127.0.0.1")).toBe("local");
  }
});

test("sequence numbers do not repeat, and stay below 2^31", () => {
  const socket = open();
  expect([socket.sequence(3), socket.sequence(1), socket.sequence(2)]).toEqual([1, 4, 5]);
  socket.sequence(0x7ffffff0);
  expect(socket.sequence(100)).toBeLessThan(100);
});

test("a socket that can't be opened says why, and one that is closed fails by the errno", () => {
  expect(openNetlinkSocket(systemCalls(), 999)).toEqual({ errno: 93 });
  const socket = open();
  socket.close();
  expect(routeTo(socket, "127.0.0.1")).toBe(9);
  opened.splice(0);
});
