// Masked step: what is kept of one step of a session, without the secrets that were heard until then. What is nothing to hide in is
// kept as it is, uncopied.
import { maskCommand } from "../ftp/command.ts";
import type { SessionEffect, SessionEvent } from "../session/events.ts";
import { withoutSecrets } from "./fact-records.ts";

/** A step as it is kept. `at`: monotonic milliseconds. `bytes`: what it takes of memory, an estimate. */
export type KeptStep = {
  readonly at: number;
  readonly event: SessionEvent | undefined;
  readonly effects: readonly SessionEffect[];
  readonly bytes: number;
};

/** What an event or an effect takes beside its texts, rounded up. */
const overheadBytes = 128;

/** `hide` masks the secrets that the session has heard. */
export function maskedStep(
  at: number,
  event: SessionEvent | undefined,
  effects: readonly SessionEffect[],
  hide: (text: string) => string,
): KeptStep {
  const kept: SessionEffect[] = [];
  const maskedOne = event && maskedEvent(event, hide);
  let bytes = maskedOne === undefined ? 0 : sizeOf(maskedOne);
  for (const effect of effects) {
    if (!isKept(effect)) continue;
    const masked = maskedEffect(effect, hide);
    bytes += sizeOf(masked);
    kept.push(masked);
  }
  return { at, event: maskedOne, effects: kept, bytes };
}

/** Timers and what is counted for every line are not worth their memory. */
function isKept(effect: SessionEffect): boolean {
  if (effect.kind === "timer" || effect.kind === "cancel") return false;
  return effect.kind !== "record" || (effect.fact.kind !== "command" && effect.fact.kind !== "reply");
}

function maskedEvent(event: SessionEvent, hide: (text: string) => string): SessionEvent {
  if (event.kind === "client-line") {
    const masked = hide(maskCommand(event.text));
    // What stood between Telnet commands may be a piece of a text that is much longer, and would hold all of it.
    const text = event.quirks.length > 0 ? copied(masked) : masked;
    return text === event.text && event.quirks.length === 0 ? event : { ...event, text };
  }
  if (event.kind === "server-line") {
    const text = hide(event.text);
    return text === event.text ? event : { ...event, text, raw: hide(event.raw) };
  }
  return "detail" in event ? { ...event, detail: hide(event.detail) } : event;
}

/** The same text with memory of its own. */
function copied(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function maskedEffect(effect: SessionEffect, hide: (text: string) => string): SessionEffect {
  switch (effect.kind) {
    case "to-client": {
      const bytes = hide(effect.bytes);
      return bytes === effect.bytes ? effect : { ...effect, bytes };
    }
    case "to-server": {
      const bytes = hide(effect.bytes.split("\r\n").map(maskCommand).join("\r\n"));
      return bytes === effect.bytes ? effect : { ...effect, bytes };
    }
    case "record":
      return { ...effect, fact: withoutSecrets(effect.fact, hide) };
    default:
      return effect;
  }
}

function sizeOf(value: SessionEvent | SessionEffect): number {
  let bytes = overheadBytes;
  switch (value.kind) {
    case "client-line":
      bytes += value.text.length;
      break;
    case "server-line":
      bytes += value.text.length + value.raw.length;
      break;
    case "to-client":
    case "to-server":
    case "telnet-answer":
    case "server-telnet":
      bytes += value.bytes.length;
      break;
    case "record":
      bytes += sizeOfTexts(value.fact);
      break;
    case "pinhole":
      bytes += sizeOfTexts(value.event);
      break;
    default:
      bytes += sizeOfTexts(value);
  }
  return bytes;
}

/** Lists of endpoints are as long as a name has addresses. */
function sizeOfTexts(value: object): number {
  let bytes = 0;
  for (const part of Object.values(value)) {
    if (typeof part === "string") bytes += part.length;
    else if (typeof part === "object" && part !== null) bytes += sizeOfTexts(part);
  }
  return bytes;
}
