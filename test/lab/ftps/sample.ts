// A sample of the FTPS matrix as tests, one for each session: it does through the gateway what it does directly.
import { beforeAll, describe, expect, test } from "vitest";
import { tlsCellTitle, type TlsCell } from "./cells.ts";
import { playTlsMatrix, tlsFaults, type TlsResult } from "./runner.ts";

/** `obstacle`: why it can't be played here. `logged`: what the gateway says of TLS in its log, in each of them. */
export function describeSample(
  title: string,
  sample: readonly TlsCell[],
  { obstacle, logged }: { readonly obstacle: string | undefined; readonly logged: string },
): void {
  describe(`a sample of the FTPS matrix: ${title}`, () => {
    let results: readonly TlsResult[] = [];
    beforeAll(async () => {
      if (obstacle === undefined) results = await playTlsMatrix(sample);
    }, 300_000);

    test.each(sample.map((cell) => [tlsCellTitle(cell), cell] as const))("%s", (_title, cell) => {
      const result = results.find((one) => one.cell === cell);
      if (result === undefined) throw new Error("not played");
      expect(tlsFaults(result), result.story).toEqual({});
      expect(result.direct.download).toBe("ok");
      expect(result.gateway).toContain(logged);
    });
  });
}
