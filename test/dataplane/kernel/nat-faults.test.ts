// What becomes of a connection when the kernel, the peers or the machine let it down: the lab's fault cases as dialogues with the
// machine, and any order of inputs at all.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stepNatConnection } from "../../../src/dataplane/kernel/nat-connection.ts";
import type { NatAsk, NatInput } from "../../../src/dataplane/kernel/nat-events.ts";
import type { Connection } from "../../../src/dataplane/kernel/netlink/conntrack-message.ts";
import type { ByteCounts } from "../../../src/dataplane/pinhole.ts";
import type { NatConnection } from "../../../src/dataplane/kernel/nat-state.ts";
import { carrying, connecting, type Mode, opened, parseConnection, play, sides, start } from "./nat-play.ts";

describe("the kernel refuses to open it", () => {
  test.each([
    ["a map is full", "ENFILE: a map of table inet ftp_alg is full"],
    ["the table was deleted", "ENOENT: table inet ftp_alg or a map of it is gone"],
    ["the map is busy", "EBUSY: the pinhole was refused"],
    ["the privileges are gone", "EPERM: nftables may not be changed (CAP_NET_ADMIN is missing)"],
  ])("because %s: it is refused with that reason, and nothing else ever comes", (_, detail) => {
    play(`
  open
    claim for 30 s
  refused ${detail}
    report refused plane-unavailable: ${detail}
  linger 1
  release
  overdue
  new SYN_SENT
  listed nothing`);
  });

  test("released before the refusal, it is refused all the same", () => {
    play(`
  release
  open
    claim for 30 s
  refused EPERM
    report refused plane-unavailable: EPERM`);
  });
});

describe("nobody comes", () => {
  test("it expires", () => {
    play(`${opened}
  overdue
    close expired 0/0`);
  });

  test("a stranger under the same number is not taken for the peer: another address, another port of ours", () => {
    play(`${opened}
  new SYN_SENT from=192.168.1.77:40000
  new SYN_SENT to=192.168.1.1:50001
  listed SYN_SENT from=192.168.1.77:40000
  overdue
    close expired 0/0
  new SYN_SENT from=192.168.1.77:40000`);
  });

  test("a connection that came through as it expired is reset", () => {
    play(`${opened}
  overdue
    close expired 0/0
  new SYN_SENT
    abort 192.168.1.100:40000`);
  });
});

describe("events were lost", () => {
  test("of the SYN: the connection is found in the kernel's list and followed from there", () => {
    play(`${opened}
  listed ESTABLISHED assured
    mark used
    wait 5 s
    report admitted client 192.168.1.100:40000
    stop waiting
    unreserve
    report joined
    proceed
  proceed
    watch stall 30 s`);
  });

  test("of a SYN that came through as the pinhole was released: its connection is found, and reset", () => {
    play(`${opened}
  release
    close released 0/0
  listed nothing
  listed ESTABLISHED assured
    abort 192.168.1.100:40000`);
  });

  test("and none came yet: the pinhole waits on", () => {
    play(`${opened}
  listed nothing
  overdue
    close expired 0/0`);
  });

  test("of the end in order: the kernel's entry says so", () => {
    play(`${carrying}
  listed TIME_WAIT bytes=300/5000
    report delivered
    close complete 300/5000`);
  });

  test("of a reset: the flag in the mark says whose it was", () => {
    play(`${carrying}
  listed CLOSE opener-rst bytes=300/5000
    close client-reset 300/5000`);
  });

  test("and the connection is gone: before it was established the peer is unreachable, later the transfer is aborted", () => {
    play(`${connecting}
  listed nothing
    close server-unreachable 0/0: the connection is gone`);
    play(`${carrying}
  listed nothing
    find to count aborted the connection is gone, and events of its end were lost
  found nothing
    close aborted 0/0: the connection is gone, and events of its end were lost`);
  });

  test("and the connection is gone: what was counted before is not lost", () => {
    play(`${carrying}
  refresh
    find to refresh
  found ESTABLISHED bytes=100/4000
  listed nothing
    find to count aborted the connection is gone, and events of its end were lost
  found nothing
    close aborted 100/4000: the connection is gone, and events of its end were lost`);
  });

  test("while nothing has changed: the transfer goes on", () => {
    play(`${carrying}
  listed ESTABLISHED bytes=100/4000
  update TIME_WAIT
    report delivered
    find to count complete
  found TIME_WAIT bytes=300/5000
    close complete 300/5000`);
  });
});

describe("connection tracking forgets the connection", () => {
  test("while it carries: it is aborted, with the bytes of the last event", () => {
    play(`${carrying}
  gone ESTABLISHED bytes=300/4000
    close aborted 300/4000: connection tracking forgot it`);
  });

  test("before the legs are joined in the owner's eyes: the owner hears of joined and of the end", () => {
    play(`${connecting}
  update ESTABLISHED
    stop waiting
    unreserve
    report joined
    proceed
  gone CLOSE answerer-rst bytes=300/4000
    watch stall 30 s
    close server-reset 300/4000: connection tracking forgot it
  proceed`);
  });

  test("and no event told of it: the next look does", () => {
    play(`${carrying}
  update TIME_WAIT answerer-unacked
    look in 1 ms
  look
    find to look
  found nothing
    find to count aborted connection tracking forgot it
  found nothing
    close aborted 0/0: connection tracking forgot it`);
  });
});

describe("nothing moves", () => {
  test("it is stalled, and both peers are reset", () => {
    play(`${carrying}
  stalled
    find to abort stalled
  found ESTABLISHED bytes=300/4000
    abort 192.168.1.100:40000
    close stalled 300/4000`);
  });

  test("it is stalled after the receiver had all: it is left to read in peace", () => {
    play(`${carrying}
  stalled
    find to abort stalled
  found CLOSE_WAIT answerer-fin bytes=300/4000
    close stalled 300/4000`);
  });

  test("the connection ends while the kernel is asked: the first end counts", () => {
    play(`${carrying}
  stalled
    find to abort stalled
  update TIME_WAIT
    report delivered
    find to count complete
  found TIME_WAIT bytes=300/4000
    close stalled 300/4000
  found TIME_WAIT bytes=300/4000`);
  });
});

describe("the kernel counts no bytes", () => {
  test("every end is reported all the same, with 0", () => {
    play(`${carrying}
  release
    find to abort aborted
  found ESTABLISHED
    abort 192.168.1.100:40000
    find to count aborted
  found ESTABLISHED
    close aborted 0/0`);
  });
});

const states = ["SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"];
const flags = ["assured", "opener-fin", "answerer-fin", "opener-unacked", "answerer-unacked", "opener-rst"];
const connection = (mode: Mode) =>
  fc
    .tuple(
      fc.constantFrom(...states),
      fc.subarray([...flags, "answerer-rst", "from=192.0.2.9:1"]),
      fc.option(fc.tuple(fc.nat(), fc.nat())),
    )
    .map(([state, words, bytes]) =>
      parseConnection([state, ...words, ...(bytes ? [`bytes=${bytes[0]}/${bytes[1]}`] : [])], mode),
    );

/** What may come at any time; answers come when they were asked for. */
const input = (mode: Mode): fc.Arbitrary<NatInput | "answer"> => {
  const one = connection(mode);
  const several = fc.array(one, { maxLength: 2 });
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant("answer" as const) },
    fc
      .record({ kind: fc.constantFrom("new" as const, "update" as const, "gone" as const), connection: one })
      .map((event) => ({ kind: "event" as const, event })),
    fc.record({ kind: fc.constant("listed" as const), connections: several }),
    fc
      .constantFrom("overdue", "stalled", "look", "inquired", "refresh counts", "confirm", "release")
      .map((kind) => ({ kind })),
    fc.nat(60_000).map((ms) => ({ kind: "linger" as const, ms })),
  );
};

/** Owes answers to what the machine asks, and notes everything. */
function drive(mode: Mode, inputs: readonly (NatInput | "answer")[], answers: readonly (Connection | undefined)[]) {
  let state: NatConnection = start(mode);
  const asked: NatAsk[] = [];
  const history: ByteCounts[] = [];
  const owed: NatAsk[] = [];
  let answered = 0;
  const step = (given: NatInput) => {
    const [next, asks] = stepNatConnection(state, given);
    state = next;
    history.push(state.counts);
    asked.push(...asks);
    owed.push(...asks.filter(({ kind }) => ["claim", "find", "proceed"].includes(kind)));
  };
  const answer = () => {
    const ask = owed.shift();
    const told = answers[answered++ % answers.length];
    if (ask?.kind === "claim") step({ kind: "claimed", local: sides[mode].local });
    else if (ask?.kind === "proceed") step({ kind: "proceed" });
    else if (ask?.kind === "find") step({ kind: "found", question: ask.question, connection: told });
  };
  step({ kind: "open" });
  for (const given of inputs) {
    if (given === "answer") answer();
    else step(given);
  }
  // In the end the owner lets go of it, and every answer comes.
  step({ kind: "release" });
  while (owed.length > 0) answer();
  return { state, asked, history };
}

describe.each(["passive", "active"] as const)("whatever comes in whatever order (%s)", (mode) => {
  const runs = fc.tuple(
    fc.array(input(mode), { maxLength: 40 }),
    fc.array(fc.option(connection(mode), { nil: undefined }), { minLength: 1, maxLength: 8 }),
  );
  const ofKind = <K extends NatAsk["kind"]>(asked: readonly NatAsk[], kind: K) =>
    asked.filter((ask): ask is Extract<NatAsk, { kind: K }> => ask.kind === kind);

  test("it ends exactly once once it is released, and nothing is reported behind the end", () => {
    fc.assert(
      fc.property(runs, ([inputs, answers]) => {
        const { state, asked } = drive(mode, inputs, answers);
        expect(state.phase.name).toBe("closed");
        expect(ofKind(asked, "claim")).toHaveLength(1);
        expect(ofKind(asked, "close")).toHaveLength(1);
        const behind = asked.slice(asked.findIndex(({ kind }) => kind === "close") + 1);
        // A connection that came through too late is reset, and a step of before may still have been waiting.
        expect(behind.filter(({ kind }) => kind !== "abort")).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  test("it reports opened, admitted, joined and delivered in this order, each at most once", () => {
    fc.assert(
      fc.property(runs, ([inputs, answers]) => {
        const order = ["opened", "admitted", "other-source-port", "joined", "delivered"];
        const kinds = ofKind(drive(mode, inputs, answers).asked, "report").map(({ event }) => event.kind);
        expect(kinds).toEqual(order.filter((kind) => kinds.includes(kind as (typeof kinds)[number])));
      }),
      { numRuns: 2000 },
    );
  });

  test("its counts never fall, and the end reports no less than was known", () => {
    fc.assert(
      fc.property(runs, ([inputs, answers]) => {
        const { asked, history } = drive(mode, inputs, answers);
        for (const [index, counts] of history.entries()) {
          expect(counts.bytesUp).toBeGreaterThanOrEqual(history[index - 1]?.bytesUp ?? 0);
          expect(counts.bytesDown).toBeGreaterThanOrEqual(history[index - 1]?.bytesDown ?? 0);
        }
        for (const end of ofKind(asked, "close")) expect(end).toMatchObject(history.at(-1)!);
      }),
      { numRuns: 2000 },
    );
  });
});
