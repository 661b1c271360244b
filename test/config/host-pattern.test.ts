// Patterns of hosts.
import { expect, test } from "vitest";
import { parseHostPattern } from "../../src/config/host-pattern.ts";

test.each([
  ["FTP.Example.com.", "ftp.example.com"],
  ["*.example.com", "*.example.com"],
  ["localhost", "localhost"],
  ["192.0.2.1", "192.0.2.1"],
  ["2001:DB8::1", "2001:db8::1"],
])("%s is one", (raw, value) => {
  expect(parseHostPattern(raw)).toEqual({ value });
});

test.each(["", "*", "*.", "a b", "ftp.example.com:21", "ftp.*.com", "*.192.0.2.1", 5, null])("%j is none", (raw) => {
  expect(parseHostPattern(raw)).toEqual({ problem: expect.stringContaining("a host name such as ftp.example.com") });
});
