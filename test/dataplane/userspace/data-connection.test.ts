// Playbooks of data connections: in which order the legs come about, and how each ends. See data-play.ts for how to read one.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stepDataConnection } from "../../../src/dataplane/userspace/data-connection.ts";
import type { DataAsk, DataInput } from "../../../src/dataplane/userspace/data-events.ts";
import { type Mode, modes, play, start } from "./data-play.ts";

const opening = `
  open
    listen client
  client listening 10.0.0.1:50000
    wait 20000
    report opened relay 10.0.0.1:50000
`;
const joining = `${opening}
  client admitted 10.0.0.9:40000
    report admitted client 10.0.0.9:40000
    stop waiting
    dial server
  server connected
    report joined
    proceed
`;
const carrying = `${joining}
  proceed
    stop waiting
    carry true
    watch stall 30000
`;
const bothDialled = `
  open
    wait 20000
    report opened relay
  start
    dial server
  server connected
    stop waiting
    watch stall 30000
    report reached server
    watch server
`;

describe("passive", () => {
  test("a download from the first leg to the last byte", () => {
    play(
      "passive",
      `${carrying}
  start
    begin
    release held in 1000
  confirm
    release held
  delivered
    report delivered
  linger 5000
    limit stall 5000
    shorten wait 5000
  ended complete 0 1000
    close complete - 0/1000
`,
    );
  });

  test("confirmed before it is joined, the server's bytes are not held", () => {
    play(
      "passive",
      `
  start
  confirm
${joining}
  proceed
    stop waiting
    carry false
    watch stall 30000
`,
    );
  });

  test("started and not confirmed before it is joined, they are held for a second", () => {
    play(
      "passive",
      `
  start
${joining}
  proceed
    stop waiting
    carry true
    watch stall 30000
    begin
    release held in 1000
`,
    );
  });

  test("another source port than the wanted one is told of before it is joined", () => {
    play(
      "active",
      `
  open
    listen server
  server listening 10.0.0.1:50000
    wait 20000
    report opened relay 10.0.0.1:50000
  server admitted 10.0.0.9:40000
    report admitted server 10.0.0.9:40000
    stop waiting
    dial client
  client connected 20
    report other-source-port client 20 in use
    report joined
    proceed
`,
    );
  });

  test("strangers are told of while it waits, and not after", () => {
    play(
      "passive",
      `${opening}
  client stranger 10.0.0.66:1
    report stranger client 10.0.0.66:1
  client admitted 10.0.0.9:40000
    report admitted client 10.0.0.9:40000
    stop waiting
    dial server
  server connected
    report joined
    proceed
  client stranger 10.0.0.66:2
`,
    );
  });

  test.each([
    ["failed", "server-unreachable"],
    ["reset-at-once", "server-reset"],
  ])("a server whose dial ends as %s: %s", (how, outcome) => {
    play(
      "passive",
      `${opening}
  client admitted 10.0.0.9:40000
    report admitted client 10.0.0.9:40000
    stop waiting
    dial server
  server ${how} why
    close ${outcome} why 0/0
  server connected
    reset leg server
`,
    );
  });

  test("refused, it clears what it had opened, and is over", () => {
    play(
      "bothListen",
      `
  open
    listen client+server
  client listening 10.0.0.1:50000
  refused
    clear
    report refused ports-exhausted none
  server listening 10.0.0.1:50001
  release
  refused
`,
    );
  });

  test("nobody comes until the wait is over: expired", () => {
    play(
      "passive",
      `
  linger 3000
    limit stall 3000
    shorten wait 3000
  open
    listen client
  client listening 10.0.0.1:50000
    wait 3000
    report opened relay 10.0.0.1:50000
  overdue
    close expired - 0/0
`,
    );
  });

  test("a wait that is over in the moment of joining takes nothing back", () => {
    play("passive", `${joining}\n  overdue\n`);
  });
});

describe("both sides listen", () => {
  test("it is opened with the second listener, and joined with the second peer", () => {
    play(
      "bothListen",
      `
  open
    listen client+server
  server listening 10.0.0.1:50001
  client listening 10.0.0.1:50000
    wait 20000
    report opened relay 10.0.0.1:50001 10.0.0.1:50000
  server admitted 10.0.0.5:20
    report admitted server 10.0.0.5:20
  client admitted 10.0.0.9:40000
    report admitted client 10.0.0.9:40000
    report joined
    proceed
`,
    );
  });

  test("who comes before all listeners listen is reset", () => {
    play(
      "bothListen",
      `
  open
    listen client+server
  client listening 10.0.0.1:50000
  client admitted 10.0.0.9:40000
    reset leg client
`,
    );
  });
});

describe("both sides dialled", () => {
  test.each(["confirm", "heard"])("the client is dialled on %s, once", (word) => {
    play("bothDial", `${bothDialled}\n  ${word}\n    dial client\n  confirm\n  heard\n  start\n`);
  });

  test("start and confirm count before it is open", () => {
    play(
      "bothDial",
      `
  confirm
  start
  open
    wait 20000
    report opened relay
    dial server
  server connected
    stop waiting
    watch stall 30000
    report reached server
    dial client
  client connected
    report joined
    proceed
`,
    );
  });

  test("a server that breaks before the client is dialled has reset", () => {
    play("bothDial", `${bothDialled}\n  broken ECONNRESET\n    close server-reset ECONNRESET 0/0\n`);
  });

  test("never confirmed, it stalls", () => {
    play("bothDial", `${bothDialled}\n  stalled\n    close stalled - 0/0\n`);
  });

  test("linger limits the time to confirm", () => {
    play("bothDial", `${bothDialled}\n  linger 500\n    limit stall 500\n    shorten wait 500\n`);
  });
});

describe("the end", () => {
  test("released before it is open, it is opened and closed in one", () => {
    play(
      "passive",
      `
  release
  open
    listen client
  client listening 10.0.0.1:50000
    wait 20000
    report opened relay 10.0.0.1:50000
    close released - 0/0
`,
    );
  });

  test("released in answer to joined, it never carries", () => {
    play("passive", `${joining}\n  release\n    close released - 0/0\n  proceed\n`);
  });

  test.each([
    ["release", "aborted"],
    ["stalled", "stalled"],
  ])("%s while it carries: aborted, and told as %s", (word, outcome) => {
    play("passive", `${carrying}\n  ${word}\n    abort\n  ended aborted 1 2\n    close ${outcome} - 1/2\n`);
  });

  test("what broke first stays the outcome of a carriage that is aborted", () => {
    play("passive", `${carrying}\n  stalled\n    abort\n  ended server-reset 0 5\n    close server-reset - 0/5\n`);
  });

  test("dismissed while it carries: what carried nothing is closed, the rest aborted", () => {
    play("passive", `${carrying}\n  dismiss\n    close unused\n    abort\n  ended aborted\n    close aborted - 0/0\n`);
  });

  test("dismissed while one peer is there: its leg is closed in order", () => {
    play(
      "bothListen",
      `
  open
    listen client+server
  client listening 10.0.0.1:50000
  server listening 10.0.0.1:50001
    wait 20000
    report opened relay 10.0.0.1:50000 10.0.0.1:50001
  client admitted 10.0.0.9:40000
    report admitted client 10.0.0.9:40000
  dismiss
    close unused
    close released - 0/0
`,
    );
  });
});

test("whatever comes in whatever order: opened or refused first, closed once and last, and nothing is asked after it but resets", () => {
  const side = fc.constantFrom("client" as const, "server" as const);
  const endpoint = { address: "10.0.0.1", port: 1 };
  const input: fc.Arbitrary<DataInput> = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<DataInput[]>({ kind: "open" }, { kind: "proceed" }) },
    {
      weight: 4,
      arbitrary: side.map((each): DataInput => ({ kind: "listening", side: each, endpoint })),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom("admitted" as const, "stranger" as const), side)
        .map(([kind, each]): DataInput => ({ kind, side: each, from: endpoint })),
    },
    { weight: 4, arbitrary: side.map((each): DataInput => ({ kind: "connected", side: each, otherPort: undefined })) },
    side.map((each): DataInput => ({ kind: "failed", side: each, wasReached: false, detail: "" })),
    fc
      .constantFrom("start", "confirm", "release", "dismiss", "heard", "delivered", "overdue", "stalled")
      .map((kind) => ({ kind })),
    fc.constantFrom<DataInput[]>(
      { kind: "linger", ms: 5 },
      { kind: "broken", detail: "" },
      { kind: "refused", reason: "ports-exhausted", detail: "" },
      { kind: "ended", end: "complete", counts: { bytesUp: 1, bytesDown: 1 }, detail: undefined },
    ),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(modes) as Mode[])),
      fc.array(input, { maxLength: 40 }),
      (mode, inputs) => {
        let state = start(mode);
        const asked: DataAsk[] = inputs.flatMap((each) => {
          const [next, asks] = stepDataConnection(state, each);
          state = next;
          return asks;
        });
        const told = asked.flatMap((ask) =>
          ask.kind === "report" ? ask.event.kind : ask.kind === "close" ? "closed" : [],
        );
        if (told.length > 0) expect(["opened", "refused"]).toContain(told[0]);
        for (const kind of ["opened", "joined", "delivered", "closed"]) {
          expect(told.filter((each) => each === kind).length).toBeLessThanOrEqual(1);
        }
        const last = asked.findIndex(
          (ask) => ask.kind === "close" || (ask.kind === "report" && ask.event.kind === "refused"),
        );
        if (last < 0) return;
        const after = asked.slice(last + 1).map(({ kind }) => kind);
        expect(after.filter((kind) => kind !== "reset leg")).toEqual([]);
      },
    ),
  );
});
