import { expect, test } from "vitest";
import { soon } from "../../src/sockets/soon.ts";

test("what is put off is done after the caller, before any timer, in order", async () => {
  const seen: string[] = [];
  setTimeout(() => seen.push("timer"), 0);
  soon(() => seen.push("first"));
  soon(() => seen.push("second"));
  seen.push("caller");
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(seen).toEqual(["caller", "first", "second", "timer"]);
});
