import { expect, test } from "vitest";
import { shownUrl, withoutPassword } from "../../../src/process/shared/redis-url.ts";

test("a URL is shown without user and password", () => {
  expect(shownUrl("rediss://gateway:s%20cret@redis.example.net:6380/3")).toBe("rediss://redis.example.net:6380/3");
  expect(shownUrl("redis://[fd00::9]")).toBe("redis://[fd00::9]");
});

test("a message loses the password, as it is written in the URL and as the server reads it", () => {
  const url = "redis://:s%20cret@10.0.0.9";
  expect(withoutPassword("ERR 's cret' s%20cret", url)).toBe("ERR '***' ***");
  expect(withoutPassword("ERR 's cret'", "redis://10.0.0.9")).toBe("ERR 's cret'");
});
