// Readiness: what /readyz?verbose says.
import { expect, test } from "vitest";
import { formatReadiness, gatewayConditions } from "../../src/observe/readiness.ts";

const listeners = [{ address: "192.0.2.1", port: 21 }];
const server = (name: string, up: boolean) => ({ name, up, sessions: 0 });

test("each gateway and its servers have a line, and the answer comes last", () => {
  const conditions = gatewayConditions([
    { name: "public", listeners, route: { kind: "fixed" } },
    { name: "pool", listeners, route: { kind: "pool", servers: [server("a", true), server("b", false)] } },
    { name: "late", listeners: [], route: { kind: "login" } },
  ]);
  expect(formatReadiness(true, conditions)).toBe(
    "[+]gateway public listens\n[+]gateway pool listens\n[-]gateway pool: 1 of 2 servers up\n[-]gateway late does not listen\nready\n",
  );
  expect(formatReadiness(false, [])).toBe("not ready\n");
});
