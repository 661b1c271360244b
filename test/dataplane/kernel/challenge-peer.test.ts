// The steps by which a segment out of any order is sent. That peers answer it is shown in lab/kernel-plane.test.ts.
import { describe, expect, test } from "vitest";
import { challengePeer } from "../../../src/dataplane/kernel/challenge-peer.ts";
import { portOf } from "../../../src/sockets/socket-address.ts";
import { errnos, options, type SystemCalls } from "../../../src/sockets/system-calls.ts";
import { systemCalls } from "./system-calls.ts";

/** Names each call; the one with this number fails with EPERM. */
function kernelThat(failing = 0) {
  const done: string[] = [];
  const note = (what: string) => (done.push(what) === failing ? -1 : 0);
  const optionNames: Readonly<Record<number, string>> = { [options.mark]: "mark", [options.tcpRepair]: "" };
  const calls: SystemCalls = {
    ...systemCalls(),
    socket: (domain) => (note(`socket ${domain}`) < 0 ? -1 : 7),
    setsockopt(_, level, option, value) {
      const name = level === 6 ? "repair" : optionNames[option] || "transparent";
      return note(`${name} ${Buffer.from(value).readInt32LE()}`);
    },
    bind: (_, address) => note(`bind ${portOf(Buffer.from(address))}`),
    connect: (_, address) => note(`connect ${portOf(Buffer.from(address))}`),
    close: () => note("close"),
    errno: () => errnos.eperm,
  };
  return { calls, done };
}

describe.each([
  ["IPv4", 2, "192.0.2.1", "192.0.2.2"],
  ["IPv6", 10, "2001:db8::1", "2001:db8::2"],
] as const)("%s", (_, domain, local, peer) => {
  const challenge = ({ calls }: { calls: SystemCalls }) =>
    challengePeer(calls, 5, { address: local, port: 100 }, { address: peer, port: 200 });
  const steps = [
    `socket ${domain}`,
    "mark 5",
    "transparent 1",
    "repair 1",
    "bind 100",
    "connect 200",
    "repair 0",
    "repair 1",
    "close",
  ];

  test("a marked socket under repair leaves the repair, which sends the segment, and is closed under repair", () => {
    const kernel = kernelThat();
    expect(challenge(kernel)).toBe(0);
    expect(kernel.done).toEqual(steps);
  });

  test("a step that fails is the last but the closing, and its errno is returned", () => {
    for (let failing = 2; failing < steps.length; failing++) {
      const kernel = kernelThat(failing);
      expect(challenge(kernel)).toBe(errnos.eperm);
      expect(kernel.done).toEqual([...steps.slice(0, failing), "close"]);
    }
  });

  test("without a descriptor nothing is closed", () => {
    const kernel = kernelThat(1);
    expect(challenge(kernel)).toBe(errnos.eperm);
    expect(kernel.done).toEqual([`socket ${domain}`]);
  });
});
