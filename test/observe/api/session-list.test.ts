import { expect, test } from "vitest";
import { listSessions } from "../../../src/observe/api/session-list.ts";
import { createEventFeed } from "../../../src/observe/event-feed.ts";
import { createSessionHistory } from "../../../src/observe/session-history.ts";
import { client, listener } from "../synthetic.ts";

test("a user is found by the name that the answer shows, whatever its letters", () => {
  const limits = { sessions: 9, failures: 9, bytesPerSession: 1e4, totalBytes: 1e6 };
  const history = createSessionHistory(limits, createEventFeed());
  for (const [id, user] of Object.entries({ a: "j\xc3\xbcrgen", b: "j\xfcrgen", c: "eve" })) {
    const { note } = history.started({ id, gateway: "public", client, listener });
    note(0, undefined, [{ kind: "record", fact: { kind: "logged-in", user } }], (text) => text);
  }
  history.started({ id: "d", gateway: "public", client, listener });
  const found = (user: string) =>
    listSessions(history.newestFirst(), { user, limit: 9 })?.sessions.map(({ record }) => record.id);
  expect([found("j\u00fcrgen"), found("eve"), found("j\u00c3\u00bcrgen"), found("")]).toEqual([
    ["b", "a"],
    ["c"],
    [],
    [],
  ]);
});
