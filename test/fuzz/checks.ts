// Checks of whole sessions for fuzz tests: a scenario is played to its end, and what must hold of every session is looked at.
import assert from "node:assert/strict";
import { parseCommand } from "../../src/ftp/command.ts";
import type { Outstanding, Session } from "../../src/session/state.ts";
import type { Scenario } from "./scenario.ts";
import { begin, createPlay, dispatch, make, type Play, type Step } from "./playing.ts";
import { createWatch, type Watch } from "./watch.ts";

type Seen = (step: Step) => void;

/** Something is wrong with the session: what happened, in the language of the playbooks. */
function explained(play: Play, scenario: Scenario, error: unknown): Error {
  const transcript = play.transcript.join("\n");
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`${message}\nafter\n${transcript}\nof\n${JSON.stringify(scenario)}`, { cause: error });
}

function played(
  scenario: Scenario,
  cuts: readonly number[],
  seen: Seen,
  then: (play: Play, watch: Watch) => void,
): Play {
  const watch = createWatch(scenario.setup);
  const play = createPlay(scenario.setup, (step) => {
    watch.see(step);
    seen(step);
  });
  try {
    begin(play);
    for (const move of scenario.moves) make(play, move, cuts);
    then(play, watch);
    return play;
  } catch (error) {
    throw explained(play, scenario, error);
  }
}

const nothing = (): void => {};

/** Whatever happens, the invariants hold, and the session ends by itself once both peers have left. `seen` is told every step. */
export function checkHostile(scenario: Scenario, cuts: readonly number[], seen: Seen = nothing): void {
  const whole = played(scenario, [], seen, endsByItself);
  const inPieces = played(scenario, cuts, nothing, endsByItself);
  // With lines left unread it depends on the time of their arrival which peer is heard first.
  if (whole.hasLeftUnread || inPieces.hasLeftUnread) return;
  const difference = `the same, cut at ${cuts.join(" ")}: ${JSON.stringify(scenario)}`;
  assert.equal(inPieces.transcript.join("\n"), whole.transcript.join("\n"), difference);
}

/** Both peers close; timers strike, and the data plane comes to its ends. */
function endsByItself(play: Play, watch: Watch): void {
  make(play, { do: "close", side: "client" }, []);
  make(play, { do: "close", side: "server" }, []);
  for (let left = 60; left > 0 && play.session.phase.name !== "ended"; left -= 1) {
    if (play.attempt !== undefined) make(play, { do: "attempt", pick: 0 }, []);
    make(play, { do: "plane", pick: left * 7 }, []);
    make(play, { do: "timer", pick: left }, []);
  }
  assert.equal(play.session.phase.name, "ended", "the session ends when both peers have left");
  finishPlane(play);
  watch.expectNothingOpen();
}

/** Every pinhole that was released, or that can come to an end, does. */
function finishPlane(play: Play): void {
  for (let left = 400; left > 0; left -= 1) {
    const isOpen = [...play.pinholes.values()].some(({ stage }) => stage !== "closed");
    if (!isOpen) return;
    make(play, { do: "plane", pick: left }, []);
  }
}

/** A server that answers each command in its turn: so does the gateway, and then both are in step. */
export function checkOrderly(scenario: Scenario, cuts: readonly number[], seen: Seen = nothing): void {
  let commands = 0;
  const count: Seen = (step) => {
    const { event } = step;
    if (event?.kind === "client-refused") commands += 1;
    // A blank line is no command, and has no reply.
    if (event?.kind === "client-line" && parseCommand(event.text) !== undefined) commands += 1;
    seen(step);
  };
  played(scenario, cuts, count, (play, watch) => {
    for (let left = 300; left > 0 && !isQuiet(play); left -= 1) {
      make(play, { do: "answer", pick: left * 16 + 1 }, cuts);
      make(play, { do: "plane", pick: left }, cuts);
    }
    // The greeting is a reply too. A session that has ended has told it with another.
    const wanted = commands + 1;
    if (play.session.phase.name === "ended") {
      assert.ok(watch.client.finals() - wanted <= 1, "final replies, and the farewell");
      return;
    }
    assert.equal(watch.client.finals(), wanted, "each command has its one final reply");
    expectInStep(play, watch);
  });
}

function isQuiet({ session, server }: Play): boolean {
  const { negotiation, held, heldClient, heldServer, transfers, pending, phase } = session;
  const isMoving = transfers.some(({ id, closed }) => closed === undefined && id !== pending);
  const isIdle = negotiation === undefined && held === undefined && !isMoving && server.inbox.length === 0;
  return phase.name === "ended" || (isIdle && due(session).length + heldClient.length + heldServer.length === 0);
}

/** But for what the gateway has answered in the server's place. */
function due({ outstanding }: Session): readonly Outstanding[] {
  return outstanding.filter((entry) => entry.kind !== "transfer" || !entry.answered);
}

function expectInStep(play: Play, watch: Watch): void {
  const { negotiation, held, openReply, heldClient, heldServer, transfers, pending } = play.session;
  const left = { outstanding: due(play.session), negotiation, held, openReply, heldClient, heldServer };
  const nothingLeft = { outstanding: [], negotiation: undefined, held: undefined, openReply: undefined };
  assert.deepEqual(left, { ...nothingLeft, heldClient: [], heldServer: [] });
  assert.deepEqual(
    transfers.filter(({ id }) => id !== pending),
    [],
  );
  assert.ok(watch.client.isBetween(), "no reply is unfinished");
  const before = watch.client.finals();
  dispatch(play, { kind: "client-line", text: "NOOP", quirks: [] });
  assert.deepEqual(play.server.inbox, ["NOOP"]);
  dispatch(play, { kind: "server-line", text: "200 probe", raw: "200 probe\r\n" });
  assert.equal(play.transcript.at(-1)?.trim(), ">C 200 probe");
  assert.equal(watch.client.finals(), before + 1);
}
