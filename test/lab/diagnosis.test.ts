// Failures that are brought about, each with the hop, the cause and the sentence that the gateway has to find for it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { controlRows } from "./diagnosis/rows-control.ts";
import { clientSideRows, serverSideRows } from "./diagnosis/rows-data.ts";
import { groundOf, playRow, setStage, type Stage } from "./diagnosis/stage.ts";

const rows = [...clientSideRows, ...serverSideRows, ...controlRows].map(
  (row, index) => [row, groundOf(index)] as const,
);
const obstacle = await obstacleTo("nft");
let stage: Stage;
const problems = new Map<string, unknown>();

describe("a failure that is brought about is found", () => {
  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    stage = await setStage(rows);
    await Promise.all(
      rows.map(([row, ground]) =>
        playRow(stage, row, ground).catch((error: unknown) => void problems.set(ground.name, error)),
      ),
    );
  }, 60_000);
  afterAll(() => stage?.remove(), 30_000);

  test("in at least 25 ways", () => {
    expect(rows.filter(([{ fails }]) => fails !== undefined).length).toBeGreaterThanOrEqual(25);
  });

  test.each(rows.map(([row, ground]) => ({ title: row.title, row, name: ground.name })))("$title", ({ row, name }) => {
    expect(problems.get(name)).toBeUndefined();
    const failure = stage.failureOf(name);
    if (row.fails === undefined) {
      expect(failure).toBeUndefined();
      return;
    }
    const [hop, cause, says] = row.fails;
    expect(failure).toMatchObject({ hop, cause, sentence: expect.stringMatching(says) });
    expect(failure?.advice.length).toBeGreaterThan(20);
  });
});
