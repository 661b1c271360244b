import { expect, test } from "vitest";
import type { ListenLeg } from "../../src/dataplane/pinhole.ts";
import { createSystemPool } from "../../src/dataplane/port-pool.ts";
import { noPort, portsTaken } from "../../src/dataplane/port-refusals.ts";

const leg: ListenLeg = { kind: "listen", bind: "127.0.0.1", ports: createSystemPool(), expect: { match: "any" } };

test("a leg that takes any port is refused in words about the pool, one that wants a port in words about that one", () => {
  const wanting = { ...leg, port: 50_010 };
  expect(noPort(leg)).toBe("no data port is free");
  expect(noPort(wanting)).toBe("data port 50010 is in use");
  expect(portsTaken(leg, 8)).toBe("8 data ports in a row are taken by other programs");
  expect(portsTaken(wanting, 1)).toBe("data port 50010 is taken by another program");
});
