// Line pairs: what is said to one side because of a line of the other: one row where both happen in the same step, and else a row that
// still knows in place of which line it is said.
import type { Side } from "../../dataplane/pinhole.ts";
import { maskCommand } from "../../ftp/command.ts";
import type { SessionEffect, SessionEvent } from "../../session/events.ts";
import type { LineRow } from "./ladder-rows.ts";
import { visible } from "./visible-text.ts";

type Lines = Extract<SessionEffect, { kind: "to-client" | "to-server" }>;

/** Else they are Telnet commands. */
export function isLines(effect: SessionEffect): effect is Lines {
  return (effect.kind === "to-client" || effect.kind === "to-server") && effect.bytes.endsWith("\n");
}

/**
 * The effects of a step, those that say something as rows. A line that is heard, and the one that is said to the other side because of
 * it in the same step, are one row, before all others.
 */
export function createLinePairs() {
  /** The last line of each side that has not been passed on. */
  const kept = new Map<Side, string>();

  function heard(from: Side, text: string, passedOn: string | undefined): LineRow {
    const towards = other(from);
    if (passedOn === undefined) kept.set(from, text);
    else kept.delete(from);
    return { kind: "line", towards, [from]: text, ...(passedOn !== undefined && { [towards]: passedOn }) };
  }

  function said(towards: Side, text: string): LineRow {
    const row: LineRow = { kind: "line", towards, [towards]: text };
    const was = kept.get(other(towards));
    if (was === undefined || !isInPlaceOf(text, was)) return row;
    kept.delete(other(towards));
    return was === text ? row : { ...row, was };
  }

  return function* (event: SessionEvent | undefined, caused: readonly SessionEffect[]) {
    const effects = caused.flatMap(withItsLine);
    let passed: Lines | undefined;
    if (event?.kind === "client-line" || event?.kind === "server-line") {
      const from = event.kind === "client-line" ? "client" : "server";
      passed = effects.find((effect): effect is Lines => isLines(effect) && sideOf(effect) === other(from));
      const [first, ...others] = passed === undefined ? [] : linesOf(passed);
      yield heard(from, visible(from === "client" ? maskCommand(event.text) : event.text), first);
      for (const text of others) yield said(other(from), text);
    }
    for (const effect of effects) {
      if (!isLines(effect)) yield effect;
      else if (effect !== passed) for (const text of linesOf(effect)) yield said(sideOf(effect), text);
    }
  };
}

/** What begins or ends TLS, or what nobody reads, has its line in itself. */
function withItsLine(effect: SessionEffect): readonly SessionEffect[] {
  if (!("says" in effect) || effect.says === "") return [effect];
  return [{ kind: "to-client", bytes: effect.says }, effect];
}

function other(side: Side): Side {
  return side === "client" ? "server" : "client";
}

function sideOf({ kind }: Lines): Side {
  return kind === "to-client" ? "client" : "server";
}

function linesOf({ kind, bytes }: Lines): readonly string[] {
  const lines = bytes.replace(/(?<!\r)\r*\n$/, "").split(/\r?\n/);
  return lines.map((text) => visible(kind === "to-server" ? maskCommand(text) : text));
}

/** Two commands, or two replies of the same kind. */
function isInPlaceOf(said: string, heard: string): boolean {
  return /^\d/.test(said) ? said[0] === heard[0] : !/^\d/.test(heard);
}
