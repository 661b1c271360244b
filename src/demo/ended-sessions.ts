// Ended sessions of the demonstration: their transcripts, one after the other, as the history has them.
import type { EventFeed } from "../observe/event-feed.ts";
import { transcriptOf } from "../observe/kept-session.ts";
import type { SessionHistory } from "../observe/session-history.ts";

export type EndedSessions = {
  /** The transcript of the next session that ends, oldest first; rejects after `withinMs`. */
  next(withinMs: number): Promise<readonly string[]>;
  /** From now on `show` gets each of them, and `next` none. */
  each(show: (transcript: readonly string[]) => void): void;
};

const maxWaitingSessions = 100;

export function collectEndedSessions(
  history: Pick<SessionHistory, "find">,
  feed: Pick<EventFeed, "subscribe">,
): EndedSessions {
  const ended: (readonly string[])[] = [];
  let waiting: ((transcript: readonly string[]) => void) | undefined;
  let show: ((transcript: readonly string[]) => void) | undefined;

  feed.subscribe((event) => {
    if (event.kind !== "session-ended") return;
    const transcript = transcriptOf(history.find(event.session.id) ?? { steps: [] });
    if (show) return show(transcript);
    if (waiting) return waiting(transcript);
    ended.push(transcript);
    if (ended.length > maxWaitingSessions) ended.shift();
  });

  return {
    next: (withinMs) =>
      new Promise((resolve, reject) => {
        const transcript = ended.shift();
        if (transcript) return resolve(transcript);
        const timer = setTimeout(() => {
          waiting = undefined;
          reject(new Error(`the session did not end within ${withinMs} ms`));
        }, withinMs);
        waiting = (next) => {
          waiting = undefined;
          clearTimeout(timer);
          resolve(next);
        };
      }),
    each(listener) {
      show = listener;
      for (const transcript of ended.splice(0)) listener(transcript);
    },
  };
}
