// What has come on other sockets is handed over before a line is taken.
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type FirstLook, hasLooked } from "../../../src/gateway/driver/first-look.ts";

test("the others are looked at once for each line, however often is asked meanwhile", async () => {
  const look: FirstLook = { state: "due" };
  let calls = 0;
  const again = () => (calls += 1);
  for (let line = 1; line <= 3; line += 1) {
    expect([hasLooked(look, again), hasLooked(look, again), calls]).toEqual([false, false, line - 1]);
    await turn();
    expect(calls).toBe(line);
    expect(hasLooked(look, again)).toBe(true);
  }
});
