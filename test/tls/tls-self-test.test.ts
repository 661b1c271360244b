import { expect, test } from "vitest";
import { holds, truncationWay, truncationWays } from "../../src/tls/tls-self-test.ts";

test("this version of Node lets an end of TLS be told from an end of TCP, at no cost", async () => {
  expect(await truncationWay()).toBe("handle");
});

test.each(truncationWays)("%s tells them apart", async (way) => {
  expect(await holds(way)).toBe(true);
});
