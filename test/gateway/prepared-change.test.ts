// Prepared changes: all of them or none.
import { expect, test } from "vitest";
import { prepareAll } from "../../src/gateway/prepared-change.ts";

function part(name: string, told: string[], fails = false) {
  return async () => {
    if (fails) throw new Error(`${name} fails`);
    told.push(`prepare ${name}`);
    return { commit: () => void told.push(`commit ${name}`), rollback: () => void told.push(`rollback ${name}`) };
  };
}

test("nothing is committed before everything is prepared", async () => {
  const told: string[] = [];
  (await prepareAll([part("a", told), part("b", told)])).commit();
  expect(told).toEqual(["prepare a", "prepare b", "commit a", "commit b"]);
});

test("if one part can't be prepared, those before it are rolled back, and the error says what it was", async () => {
  const told: string[] = [];
  await expect(prepareAll([part("a", told), part("b", told, true), part("c", told)])).rejects.toThrow("b fails");
  expect(told).toEqual(["prepare a", "rollback a"]);
});
