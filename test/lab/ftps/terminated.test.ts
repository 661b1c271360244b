// TLS that ends at the gateway, with real programs: a sample of the FTPS matrix, on either leg and on both. The whole of it is a
// command of its own: `npm run ftps`.
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "../availability.ts";
import { isServerSecured, tlsCells, tlsCellTitle } from "./cells.ts";
import { playTlsMatrix, tlsFaults, type TlsResult } from "./runner.ts";

const obstacle = await obstacleTo("nft", "vsftpd", "curl", "lftp", "python3");
beforeEach((context) => requireNone(obstacle, context));

/** vsftpd insists on a resumed session where it is under TLS. */
const sample = tlsCells.filter(
  (cell) =>
    cell.legs !== "passthrough" &&
    cell.version === "TLSv1.3" &&
    cell.security === "explicit" &&
    cell.server === "vsftpd" &&
    (isServerSecured(cell) ? ["lftp", "Python ftplib"] : ["curl", "lftp"]).includes(cell.client),
);

describe("a sample of the FTPS matrix: clients do through a gateway that speaks TLS what they do directly", () => {
  let results: readonly TlsResult[] = [];
  beforeAll(async () => {
    if (obstacle === undefined) results = await playTlsMatrix(sample);
  }, 300_000);

  test.each(sample.map((cell) => [tlsCellTitle(cell), cell] as const))("%s", (_title, cell) => {
    const result = results.find((one) => one.cell === cell);
    if (result === undefined) throw new Error("not played");
    expect(tlsFaults(result), result.story).toEqual({});
    expect(result.direct.download).toBe("ok");
    expect(result.gateway).toContain("TLS started");
  });
});
