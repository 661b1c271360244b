// Masked step: what is kept of one step of a session, without the secrets that were heard until then. What is nothing to hide in is
// kept as it is, uncopied.
import { maskCommand } from "../ftp/command.ts";
import type { SessionEffect, SessionEvent } from "../session/events.ts";
import type { Fact } from "../session/facts.ts";
import { withoutSecrets } from "./fact-records.ts";

/** A step as it is kept. `at`: monotonic milliseconds. `bytes`: what it takes of memory, an estimate. */
export type KeptStep = {
  readonly at: number;
  readonly event: SessionEvent | undefined;
  readonly effects: readonly SessionEffect[];
  readonly bytes: number;
};

/** What a step, and what an event or an effect takes beside its texts, rounded up. */
const stepBytes = 128;
const overheadBytes = 128;

/** `known`: the same effects without secrets, those that no transcript shows too. */
export type MaskedStep = { readonly step: KeptStep; readonly known: readonly SessionEffect[] };

const none: readonly SessionEffect[] = [];

/** `hide` masks the secrets that the session has heard. */
export function maskedStep(
  at: number,
  event: SessionEvent | undefined,
  effects: readonly SessionEffect[],
  hide: (text: string) => string,
): MaskedStep {
  // Lists are made only where there is something for them: most steps consist of little that is kept.
  let known: SessionEffect[] | undefined;
  let shown = 0;
  const masked = event && maskedEvent(event, hide);
  let bytes = stepBytes + (masked === undefined ? 0 : sizeOfEvent(masked));
  for (const effect of effects) {
    if (!isKnown(effect)) continue;
    const one = maskedEffect(effect, hide);
    if (known === undefined) known = [one];
    else known.push(one);
    if (!isShown(one)) continue;
    shown += 1;
    bytes += sizeOfEffect(one);
  }
  if (known === undefined) return { step: { at, event: masked, effects: none, bytes }, known: none };
  const kept = shown === known.length ? known : shown === 0 ? none : known.filter(isShown);
  return { step: { at, event: masked, effects: kept, bytes }, known };
}

/** Timers and what is counted for every line are not worth a look. */
function isKnown(effect: SessionEffect): boolean {
  if (effect.kind === "timer" || effect.kind === "cancel") return false;
  return effect.kind !== "record" || (effect.fact.kind !== "command" && effect.fact.kind !== "reply");
}

/** What no transcript shows is not worth its memory. */
function isShown(effect: SessionEffect): boolean {
  if (effect.kind !== "record") return true;
  const { kind } = effect.fact;
  return kind === "refusal" || kind === "quirk" || kind === "failure";
}

function maskedEvent(event: SessionEvent, hide: (text: string) => string): SessionEvent {
  switch (event.kind) {
    case "client-line": {
      const masked = hide(maskCommand(event.text));
      // What stood between Telnet commands may be a piece of a text that is much longer, and would hold all of it.
      if (event.quirks.length > 0) return { ...event, text: copied(masked) };
      return isAsItWas(masked, event.text) ? event : { ...event, text: compact(masked) };
    }
    case "server-line": {
      const text = hide(event.text);
      if (isAsItWas(text, event.text) && event.raw.length <= ordinaryLength) return event;
      return { ...event, text: compact(text), raw: compact(hide(event.raw)) };
    }
    default:
      return "detail" in event && event.detail !== "" ? { ...event, detail: hide(event.detail) } : event;
  }
}

/** A longer line was put together of pieces, and may take two bytes for each character. */
const ordinaryLength = 1024;

function isAsItWas(masked: string, text: string): boolean {
  return masked === text && text.length <= ordinaryLength;
}

function compact(text: string): string {
  return text.length > ordinaryLength ? copied(text) : text;
}

/** The same text with memory of its own, one byte for each character. */
function copied(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function maskedEffect(effect: SessionEffect, hide: (text: string) => string): SessionEffect {
  switch (effect.kind) {
    case "to-client": {
      const bytes = hide(effect.bytes);
      return isAsItWas(bytes, effect.bytes) ? effect : { ...effect, bytes: compact(bytes) };
    }
    case "to-server": {
      const bytes = hide(maskedLines(effect.bytes));
      return isAsItWas(bytes, effect.bytes) ? effect : { ...effect, bytes: compact(bytes) };
    }
    case "start-tls":
    case "end-tls":
    case "go-opaque":
      return effect.says === "" ? effect : { ...effect, says: hide(effect.says) };
    case "record": {
      const fact = withoutSecrets(effect.fact, hide);
      return fact === effect.fact ? effect : { ...effect, fact };
    }
    default:
      return effect;
  }
}

/** Nearly always it is one. */
function maskedLines(bytes: string): string {
  if (bytes.indexOf("\r\n") !== bytes.length - 2) return bytes.split("\r\n").map(maskCommand).join("\r\n");
  const line = bytes.slice(0, -2);
  const masked = maskCommand(line);
  return masked === line ? bytes : `${masked}\r\n`;
}

function sizeOfEvent(event: SessionEvent): number {
  switch (event.kind) {
    case "client-line":
      return overheadBytes * (event.quirks.length > 0 ? 2 : 1) + event.text.length;
    case "server-line":
      return overheadBytes + event.text.length + event.raw.length;
    case "telnet-answer":
    case "server-telnet":
      return overheadBytes + event.bytes.length;
    case "resolved":
      return overheadBytes * (1 + event.candidates.length);
    case "pinhole":
      return 2 * overheadBytes + ("detail" in event.event ? (event.event.detail?.length ?? 0) : 0);
    case "connected":
      return 2 * overheadBytes;
    default:
      return overheadBytes + ("detail" in event ? event.detail.length : 0);
  }
}

function sizeOfEffect(effect: SessionEffect): number {
  switch (effect.kind) {
    case "to-client":
    case "to-server":
      return overheadBytes + effect.bytes.length;
    case "start-tls":
    case "end-tls":
    case "go-opaque":
      return overheadBytes + effect.says.length;
    case "resolve":
      return overheadBytes + effect.host.length;
    case "connect":
      return overheadBytes * (1 + effect.candidates.length);
    case "connect-next":
      return overheadBytes + effect.detail.length;
    case "record":
      return overheadBytes + sizeOfFact(effect.fact);
    default:
      return overheadBytes;
  }
}

function sizeOfFact(fact: Fact): number {
  if (fact.kind === "refusal") return fact.detail.length;
  // A sentence and an advice of a few lines, and the one for the client.
  return fact.kind === "failure" ? 1024 : 0;
}
