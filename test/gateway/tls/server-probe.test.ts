import { expect, test } from "vitest";
import type { ServerSideTls } from "../../../src/gateway/options.ts";
import { serverProbeTls } from "../../../src/gateway/tls/server-probe.ts";

const peer = { verify: true, ca: "system", name: "ftp.example.net", minVersion: "TLSv1.2" } as const;
const tls = (mode: ServerSideTls["mode"], more: Partial<ServerSideTls> = {}) =>
  serverProbeTls({ mode, implicit: false, data: "private", truncation: "reset", ...more }, peer);

test("a server is probed as sessions speak to it: with TLS where that is configured, in clear only where sessions may be", () => {
  expect(tls("off")).toBeUndefined();
  expect(tls("required")).toEqual({ kind: "explicit", peer, truncation: "reset" });
  expect(tls("auto")).toEqual({ kind: "explicit", mayBeClear: true, peer, truncation: "reset" });
  expect(tls("match-client")).toMatchObject({ kind: "explicit", mayBeClear: true });
  expect(tls("required", { implicit: true, data: "clear", truncation: "tolerate" })).toEqual({
    ...{ kind: "implicit", isDataClear: true, peer, truncation: "tolerate" },
  });
});
