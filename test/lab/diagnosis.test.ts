// Failures that are brought about, each with the hop, the cause and the sentence that the gateway has to find for it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { controlRows } from "./diagnosis/rows-control.ts";
import { clientSideRows } from "./diagnosis/rows-client-data.ts";
import { serverSideRows } from "./diagnosis/rows-server-data.ts";
import { kernelRows } from "./diagnosis/rows-kernel.ts";
import { tlsRows } from "./diagnosis/rows-tls.ts";
import {
  exchange,
  groundOf,
  logIn,
  playRow,
  setStage,
  withOwnGateway,
  type Row,
  type Stage,
} from "./diagnosis/stage.ts";

const rows = [...clientSideRows, ...serverSideRows, ...kernelRows, ...controlRows, ...tlsRows].map(
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

  test("a process that has no descriptor left", async () => {
    const ground = groundOf(rows.length);
    const limit = (most: string) =>
      own.lab.run("edge", ["prlimit", "--pid", String(own.gateway.pid), `--nofile=${most}:`]);
    const row: Row = {
      title: "no descriptor",
      async play(play) {
        const session = await logIn(play);
        expect((await limit("10")).status).toBe(0);
        const reply = await exchange(session, "PASV", "227 Entering Passive Mode (10,0,0,5,200,10)");
        expect(reply).toBe("425 Can't open data connection: the gateway is full.");
      },
      fails: ["gateway", "no-descriptor", /EMFILE/],
    };
    const own = await withOwnGateway(stage, row, ground);
    await playRow(own, row, ground);
    await limit("1024");
    await own.gateway.stop();
    expect(own.failureOf(ground.name)).toMatchObject({
      hop: "gateway",
      cause: "no-descriptor",
      sentence: expect.stringContaining("EMFILE"),
    });
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
