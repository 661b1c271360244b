import { expect, test } from "vitest";
import { errorMessage } from "../../src/process/error-message.ts";

test("what is told of something thrown is its message, or its text where it is no Error", () => {
  expect([new TypeError("no port is left"), "gone", 7, undefined].map(errorMessage)).toEqual([
    ...["no port is left", "gone", "7", "undefined"],
  ]);
});
