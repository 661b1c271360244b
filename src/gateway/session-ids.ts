// Session ids: unique over processes and restarts, and short enough to read out on the telephone.
import { randomInt } from "node:crypto";

/** Digits and lower-case letters without i, l, o and u, which are misread or misheard (Crockford's base 32). */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const length = 8;
const space = alphabet.length ** length;

export type SessionIds = {
  /** Eight characters, e.g. `k3f9x2a7`; each call gives the next one. */
  next(): string;
};

/**
 * Counts from a random number of 40 bits. Ids of two processes meet only if their counts overlap: with a million sessions
 * each, in two of a million pairs of processes. `start`: the number of the first id.
 */
export function createSessionIds(start: number = randomInt(space)): SessionIds {
  let count = start;
  return {
    next() {
      const id = formatId(count);
      count = (count + 1) % space;
      return id;
    },
  };
}

function formatId(count: number): string {
  let id = "";
  for (let rest = count, place = 0; place < length; place += 1) {
    id = alphabet.charAt(rest % alphabet.length) + id;
    rest = Math.floor(rest / alphabet.length);
  }
  return id;
}
