import { expect, test } from "vitest";
import { fileConflicts } from "../../src/config/file-conflicts.ts";
import { parseConfig } from "../../src/config/parse.ts";

const file = "/var/lib/ftp-alg/one";

test.each([
  ["the token", { admin: { token: { file } }, log: { file } }, "log.file", "admin.token.file"],
  ["the token", { admin: { token: { file } }, log: { transfers: { file } } }, "log.transfers.file", "admin.token.file"],
  [
    "a password",
    { log: { file }, gateways: [{ probe: { passwordFile: file } }] },
    "log.file",
    "gateways[0].probe.passwordFile",
  ],
  [
    "a private key",
    { log: { file }, tls: { certificates: [{ cert: "/c", key: file }] } },
    "log.file",
    "tls.certificates[0].key",
  ],
  ["the log", { log: { file, transfers: { file } } }, "log.transfers.file", "log.file"],
])("attack: a log is not written into the file of %s", (_, document, path, other) => {
  expect(fileConflicts(document)).toEqual([{ path, message: `is ${other}: the two need files of their own` }]);
});

test("another spelling is the same file", () => {
  for (const spelled of ["/var//lib/ftp-alg/one", "/var/lib/./ftp-alg/one", "/var/lib/x/../ftp-alg/one"]) {
    expect(fileConflicts({ log: { file: spelled, transfers: { file } } }), spelled).toHaveLength(1);
  }
  expect(fileConflicts({ log: { file, transfers: { file: `${file}.transfers` } } })).toEqual([]);
});

test("a document that contains itself is looked at to its end", () => {
  const log: Record<string, unknown> = { file };
  log["transfers"] = log;
  expect(fileConflicts({ log })).toHaveLength(1);
  expect(parseConfig("log: &log { file: /a, transfers: *log }").ok).toBe(false);
});
