import { expect, test } from "vitest";
import { canTellTruncation } from "../../src/tls/tls-self-test.ts";

test("this version of Node lets the end of TLS be told from the end of TCP", async () => {
  expect(await canTellTruncation()).toBe(true);
});
