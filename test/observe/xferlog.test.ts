import { expect, test } from "vitest";
import type { TransferLine } from "../../src/observe/transfer-line.ts";
import { formatXferlog, type XferlogEntry } from "../../src/observe/xferlog.ts";

const at = new Date(2026, 8, 4, 8, 51, 7);

function line(change: Partial<TransferLine> = {}, rest: Partial<XferlogEntry> = {}): string | undefined {
  const transfer: TransferLine = {
    client: "192.168.1.100:51020",
    user: "anna",
    server: "10.0.0.5:21",
    verb: "RETR",
    path: "/pub/a.iso",
    direction: "download",
    clientMode: "PASV",
    serverMode: "EPSV",
    plane: "relay",
    outcome: "complete",
    bytesUp: 0,
    bytesDown: 734_003_200,
    durationMs: 62_400,
    ...change,
  };
  return formatXferlog({ transfer, remoteHost: "192.168.1.100", isBinary: true, ...rest }, at);
}

test("a download is a line as wu-ftpd and ProFTPD write it, with the time of ctime(3)", () => {
  expect(line()).toBe("Fri Sep  4 08:51:07 2026 62 192.168.1.100 734003200 /pub/a.iso b _ o r anna ftp 0 * c\n");
});

test("an upload is incoming, has the bytes that came up, and is incomplete unless it is complete", () => {
  const upload = { direction: "upload", bytesUp: 5, bytesDown: 0, durationMs: 3 } as const;
  for (const verb of ["STOR", "STOU", "APPE"]) {
    expect(line({ ...upload, verb, outcome: "client-reset" })).toMatch(
      / 1 192\.168\.1\.100 5 \S+ b _ i r anna ftp 0 \* i\n$/,
    );
  }
  expect(line({ outcome: "unconfirmed" })).toMatch(/ i\n$/);
});

test("a text file is ascii, an anonymous user anonymous, on the login route too", () => {
  expect(line({}, { isBinary: false })).toContain(" a _ o r anna ");
  expect(line({ user: "Anonymous@ftp.example.com" })).toContain(" b _ o a Anonymous@ftp.example.com ftp ");
  expect(line({ user: "ftp" })).toContain(" o a ftp ftp ");
});

test.each(["LIST", "NLST", "MLSD", ""])("%j is no file, and has no line", (verb) => {
  expect(line({ verb })).toBe(undefined);
});

test("hostile: blanks, control characters and marks of direction in a name or a user begin no field and no line", () => {
  const said = "a b\tc\u00a0d\r\ne\u001b[2J\u202e\u2028\u0000é";
  const text = line({ path: said, user: said }) ?? "";
  expect(text.trimEnd().split(" ").filter(Boolean)).toHaveLength(18);
  expect(text).toContain(" a_b_c_d__e_[2J___é b ");
  expect(text.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
});

test("what is not known has a field all the same", () => {
  expect(line({ verb: "STOU", direction: "upload", path: "", user: "" })).toContain(" 0 ? b _ i r ? ftp ");
});

test("an IPv6 client is there without brackets, as the servers have it", () => {
  expect(line({}, { remoteHost: "2001:db8::7" })).toContain(" 62 2001:db8::7 734003200 ");
});
