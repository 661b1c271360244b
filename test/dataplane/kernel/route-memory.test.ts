import { expect, test } from "vitest";
import { rememberRoutes } from "../../../src/dataplane/kernel/route-memory.ts";

test("an address is asked for once in two seconds", () => {
  const asked: string[] = [];
  let moment = 0;
  const route = rememberRoutes(
    (address) => {
      asked.push(address);
      return "forwarded";
    },
    () => moment,
  );
  expect([route("10.0.0.5"), route("10.0.0.5"), route("10.0.0.6")]).toEqual(["forwarded", "forwarded", "forwarded"]);
  expect(asked).toEqual(["10.0.0.5", "10.0.0.6"]);
  moment = 1999;
  route("10.0.0.5");
  expect(asked).toHaveLength(2);
  moment = 2000;
  route("10.0.0.5");
  expect(asked).toHaveLength(3);
});

test("it remembers a bounded number of addresses", () => {
  let count = 0;
  const route = rememberRoutes(
    () => {
      count++;
      return "local";
    },
    () => 0,
  );
  for (let index = 0; index <= 1024; index++) route(`10.0.${index >> 8}.${index & 255}`);
  route("10.0.0.0");
  expect(count).toBe(1026);
});
