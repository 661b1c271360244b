// Runs bytes through a fresh reader whole, byte by byte, and with more input behind them, and insists on one result.
import { expect } from "vitest";

type Reader<Event> = { feed(chunk: Uint8Array): Event[] };

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The characters, each of them one byte. */
export function charactersOf(text: string): string[] {
  return text.split("");
}

/** The events of `text`; `trailing` is fed in the same chunk in the third run and must add only `trailingEvents`. */
export function readEveryWay<Event>(
  createReader: () => Reader<Event>,
  text: string,
  trailing: { text: string; events: Event[] },
): Event[] {
  const whole = createReader().feed(bytesOf(text));
  const reader = createReader();
  expect(charactersOf(text).flatMap((byte) => reader.feed(bytesOf(byte)))).toEqual(whole);
  if (text.endsWith("\n"))
    expect(createReader().feed(bytesOf(text + trailing.text))).toEqual([...whole, ...trailing.events]);
  return whole;
}

/** `text` cut at the given places, each taken modulo what is left. */
export function cut(text: string, places: readonly number[]): string[] {
  const parts: string[] = [];
  let rest = text;
  for (const place of places) {
    const length = place % (rest.length + 1);
    parts.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
  return [...parts, rest];
}
