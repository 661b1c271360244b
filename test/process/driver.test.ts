import { expect, test } from "vitest";
import { chooseDriver } from "../../src/process/driver.ts";

const runTicks = (): void => {};

test("the loop is there for who asks for it; node, and auto until the loop has been in service for longer, are Node's own sockets", () => {
  const kinds = (["auto", "node", "loop"] as const).map((wanted) => chooseDriver(wanted, { runTicks }).sockets.kind);
  expect(kinds).toEqual(["node", "node", "loop"]);
});

test("where the ticks of Node can't be run, the driver is node, and it is said why", () => {
  const { sockets, why } = chooseDriver("loop");
  expect(sockets.kind).toBe("node");
  expect(why).toBe("this process does not let the ticks of Node.js be run");
});
