// Ended sessions of the demonstration: one after the other, as the history has them.
import type { EventFeed } from "../observe/event-feed.ts";
import type { KeptSession } from "../observe/kept-session.ts";
import type { SessionHistory } from "../observe/session-history.ts";

export type EndedSessions = {
  /** The next session that ends, oldest first; rejects after `withinMs`. */
  next(withinMs: number): Promise<KeptSession>;
  /** From now on `show` gets each of them, and `next` none. */
  each(show: (session: KeptSession) => void): void;
};

const maxWaitingSessions = 100;

export function collectEndedSessions(
  history: Pick<SessionHistory, "find">,
  feed: Pick<EventFeed, "subscribe">,
): EndedSessions {
  const ended: KeptSession[] = [];
  let waiting: ((session: KeptSession) => void) | undefined;
  let show: ((session: KeptSession) => void) | undefined;

  feed.subscribe((event) => {
    if (event.kind !== "session-ended") return;
    const session = history.find(event.session.id);
    if (session === undefined) return;
    if (show) return show(session);
    if (waiting) return waiting(session);
    ended.push(session);
    if (ended.length > maxWaitingSessions) ended.shift();
  });

  return {
    next: (withinMs) =>
      new Promise((resolve, reject) => {
        const session = ended.shift();
        if (session) return resolve(session);
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
      for (const session of ended.splice(0)) listener(session);
    },
  };
}
