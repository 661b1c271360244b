import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createWeakList } from "../../src/observe/weak-list.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("what is in use stays in the list, and what is not is collected in spite of it", async () => {
  const list = createWeakList<object>();
  const used = { used: true };
  list.add(used);
  for (let count = 0; count < 5000; count += 1) list.add({ count });
  // What was asked for in this turn lives until its end.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  list.add({ last: true });
  expect(list.alive()).toContain(used);
  expect(list.alive().length).toBeLessThan(100);
});
