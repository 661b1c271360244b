// What a pool remembers.
import { expect, test } from "vitest";
import { createKnownMembers } from "../../../src/gateway/servers/known-members.ts";

test("a member is remembered by its id; of too many one without a session is forgotten, and none with one", () => {
  const known = createKnownMembers(() => 7);
  const kept = known({ id: "0" });
  kept.sessions = 1;
  known({ id: "1" }).failures = 2;
  expect(known({ id: "1" })).toMatchObject({ failures: 2, since: 7 });
  for (let id = 2; id <= 10_000; id++) known({ id: String(id) });
  expect(known({ id: "0" })).toBe(kept);
  expect(known({ id: "1" }).failures).toBe(0);
});
