import { expect, test } from "vitest";
import { formsOf, readProbeLogin, targetOf } from "../../src/process/probe-target.ts";
import { temporaryFile } from "../gateway/spawned-gateway.ts";

test("PASV and PORT are not tried over IPv6, which they can't say", () => {
  expect(formsOf("each", "192.0.2.1")).toEqual(["PASV", "EPSV", "PORT", "EPRT"]);
  expect(formsOf("each", "ftp.example.com")).toEqual(["PASV", "EPSV", "PORT", "EPRT"]);
  expect(formsOf("each", "2001:db8::1")).toEqual(["EPSV", "EPRT"]);
  expect([formsOf("passive", "::1"), formsOf("active", "127.0.0.1"), formsOf("pasv", "::1")]).toEqual([
    ["EPSV"],
    ["PORT"],
    [],
  ]);
});

test("a probe connects to a listener; where that is every address, to the advertised one if it is this machine's", () => {
  const target = (listeners: string[], advertise?: string) =>
    targetOf(
      {
        clientSide: {
          advertiseTo: [],
          dataPeer: "any",
          dataProxyProtocol: false,
          ...(advertise !== undefined && { advertise }),
        },
      },
      listeners.map((address) => ({ address, port: 21 })),
      ["10.0.0.1"],
    )?.host;
  expect(target(["192.0.2.1"], "203.0.113.7")).toBe("192.0.2.1");
  expect(target(["::", "0.0.0.0"])).toBe("127.0.0.1");
  expect(target(["0.0.0.0"], "10.0.0.1")).toBe("10.0.0.1");
  expect(target(["0.0.0.0"], "203.0.113.7")).toBe("127.0.0.1");
  expect(target(["::"], "10.0.0.1")).toBe("::1");
  expect(target([])).toBe(undefined);
});

test("a password is one line of its file, byte by byte; without a file it is one that anonymous users give", async () => {
  const read = (text: string) => readProbeLogin({ user: "u", passwordFile: temporaryFile("password", text) });
  expect(await read("ä b \r\n")).toEqual({ user: "u", password: "\u00c3\u00a4 b " });
  await expect(read("a\nQUIT\n")).rejects.toThrow(/ is more than one line$/);
  expect(await readProbeLogin({ user: "anonymous" })).toEqual({ user: "anonymous", password: "ftp-alg-probe@" });
});
