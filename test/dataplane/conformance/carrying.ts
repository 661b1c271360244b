// Conformance: what is carried, how it ends for either peer, and what is counted of it.
import { describe, expect, test } from "vitest";
import { type ByteCounts, sides } from "../../../src/dataplane/pinhole.ts";
import { otherSide, resetBy } from "./harness.ts";
import { eventually, kinds, type Suite } from "./suite.ts";

export function describeCarrying(suite: Suite): void {
  const { modes, countsPayload } = suite.traits;
  const directions = modes.flatMap((mode) => sides.map((from) => ({ mode, from })));

  /** Payload as it is, or with headers: at most a tenth more for bulk, and whatever the handshake and its end take. */
  function expectCounts(counts: ByteCounts, up: number, down: number) {
    for (const [count, payload] of [
      [counts.bytesUp, up],
      [counts.bytesDown, down],
    ] as const) {
      if (countsPayload) expect(count).toBe(payload);
      else {
        expect(count).toBeGreaterThanOrEqual(payload);
        expect(count).toBeLessThan(payload * 1.1 + (up + down) * 0.2 + 4000);
      }
    }
  }

  describe.each(directions)("$mode, data from the $from", ({ mode, from }) => {
    const to = otherSide[from];

    test.each([0, 1, 65_536, 3_000_000])(
      "%i bytes arrive whole and end with FIN, and are counted (D4.81)",
      async (bytes) => {
        const { owner, ...peers } = await suite.transfer(mode);
        await peers[from].send(bytes);
        await peers[from].fin();
        expect(await peers[to].ended()).toEqual({ end: "fin", bytes, isIntact: true });
        await peers[to].fin();
        expect(await peers[from].ended()).toMatchObject({ end: "fin", bytes: 0 });
        const end = await owner.event("closed");
        expect(end.outcome).toBe("complete");
        expectCounts(end, from === "client" ? bytes : 0, from === "server" ? bytes : 0);
      },
    );

    test("a FIN is half an end: the other direction carries on after it (D4.77)", async () => {
      const { owner, ...peers } = await suite.transfer(mode);
      await peers[from].send(100_000);
      await peers[from].fin();
      expect(await peers[to].ended()).toMatchObject({ end: "fin", bytes: 100_000 });
      await peers[to].send(50_000);
      await suite.sleep(50);
      await peers[to].send(50_000);
      expect(kinds(owner)).not.toContain("closed");
      await peers[to].fin();
      expect(await peers[from].ended()).toEqual({ end: "fin", bytes: 100_000, isIntact: true });
      const end = await owner.event("closed");
      expect(end.outcome).toBe("complete");
      expectCounts(end, 100_000, 100_000);
    });

    test("a reset is never a FIN for the other side, while nothing moves", async () => {
      const { owner, ...peers } = await suite.transfer(mode);
      await peers[from].reset();
      expect((await peers[to].ended()).end).toBe("reset");
      expect(await owner.event("closed")).toMatchObject({ outcome: resetBy(from) });
    });

    test("a reset is never a FIN for the other side, behind data", async () => {
      const { owner, ...peers } = await suite.transfer(mode);
      await peers[from].send(100_000);
      await peers[from].reset();
      expect(await peers[to].ended()).toMatchObject({ end: "reset", isIntact: true });
      expect(await owner.event("closed")).toMatchObject({ outcome: resetBy(from) });
    });

    test("a receiver that resets in the middle of bulk resets the sender (ABOR, D4.77)", async () => {
      const { owner, ...peers } = await suite.transfer(mode);
      void peers[from].send(200_000_000);
      await eventually(() => peers[to].received()).toBeGreaterThan(0);
      await peers[to].reset();
      expect((await peers[from].ended()).end).toBe("reset");
      expect(await owner.event("closed")).toMatchObject({ outcome: resetBy(to) });
    });

    test("counts move while it is carried, never fall, and are those of closed in the end", async () => {
      const { owner, ...peers } = await suite.transfer(mode);
      const count = from === "client" ? "bytesUp" : "bytesDown";
      const counted: ByteCounts[] = [await owner.counts()];
      for (let round = 1; round <= 4; round++) {
        await peers[from].send(500_000);
        await eventually(() => peers[to].received()).toBe(500_000 * round);
        // A byte may have arrived a moment before it is counted.
        await eventually(async () => (await owner.counts())[count]).toBeGreaterThanOrEqual(500_000 * round);
        counted.push(await owner.counts());
      }
      counted.forEach((each, round) =>
        expectCounts(each, from === "client" ? round * 500_000 : 0, from === "server" ? round * 500_000 : 0),
      );
      for (const direction of ["bytesUp", "bytesDown"] as const) {
        const values = counted.map((each) => each[direction]);
        expect(values).toEqual(values.toSorted((a, b) => a - b));
      }
      await peers[from].fin();
      await peers[to].ended();
      await peers[to].fin();
      const { bytesUp, bytesDown } = await owner.event("closed");
      expect(await owner.counts()).toEqual({ bytesUp, bytesDown });
      expect(bytesUp).toBeGreaterThanOrEqual(counted.at(-1)!.bytesUp);
      expect(bytesDown).toBeGreaterThanOrEqual(counted.at(-1)!.bytesDown);
    });
  });

  describe.each(modes)("%s", (mode) => {
    test("both directions carry bulk at the same time", async () => {
      const { owner, client, server } = await suite.transfer(mode);
      await Promise.all([client.send(3_000_000), server.send(3_000_001)]);
      await Promise.all([client.fin(), server.fin()]);
      expect(await client.ended()).toEqual({ end: "fin", bytes: 3_000_001, isIntact: true });
      expect(await server.ended()).toEqual({ end: "fin", bytes: 3_000_000, isIntact: true });
      const end = await owner.event("closed");
      expect(end.outcome).toBe("complete");
      expectCounts(end, 3_000_000, 3_000_001);
    });

    test("what the owner says again while it is carried changes nothing", async () => {
      const { owner, client, server } = await suite.transfer(mode);
      await owner.say("start", "confirm", "confirm", "start", { linger: 20_000 }, { linger: 20_000 });
      await server.send(1000);
      await owner.say("start", "confirm");
      await server.fin();
      expect(await client.ended()).toEqual({ end: "fin", bytes: 1000, isIntact: true });
      await client.fin();
      expect(await owner.event("closed")).toMatchObject({ outcome: "complete" });
    });

    test("how long it was joined is told in the end", async () => {
      const { owner, client, server } = await suite.transfer(mode);
      await suite.sleep(120);
      await Promise.all([client.fin(), server.fin()]);
      const { durationMs } = await owner.event("closed");
      expect(durationMs).toBeGreaterThanOrEqual(110);
      expect(durationMs).toBeLessThan(5000);
    });

    test("released while it carries data: aborted, and both sides are reset", async () => {
      const { owner, client, server } = await suite.transfer(mode);
      void server.send(500_000_000);
      await eventually(() => client.received()).toBeGreaterThan(0);
      await owner.say("release", "release");
      expect((await client.ended()).end).toBe("reset");
      expect((await server.ended()).end).toBe("reset");
      expect(await owner.event("closed")).toMatchObject({ outcome: "aborted" });
    });

    test("released while nothing moves: aborted, and both sides are reset", async () => {
      const { owner, client, server } = await suite.transfer(mode);
      await owner.say("release");
      expect((await client.ended()).end).toBe("reset");
      expect((await server.ended()).end).toBe("reset");
      expect(await owner.event("closed")).toMatchObject({ outcome: "aborted" });
    });

    const unused = suite.traits.dismissesByFin ? "fin" : "reset";
    test(`dismissed before it carried anything: both sides read ${unused} (D4.71)`, async () => {
      const { owner, client, server } = await suite.transfer(mode);
      await owner.say("dismiss");
      expect([(await client.ended()).end, (await server.ended()).end]).toEqual([unused, unused]);
      expect(await owner.event("closed")).toMatchObject({ outcome: "aborted" });
    });

    test.each(sides)("dismissed after a byte of the %s's: the other side reads no end of a file", async (from) => {
      const { owner, ...peers } = await suite.transfer(mode);
      await peers[from].send(1);
      await eventually(() => peers[otherSide[from]].received()).toBe(1);
      await owner.say("dismiss");
      expect((await peers[otherSide[from]].ended()).end).toBe("reset");
      expect(await owner.event("closed")).toMatchObject({ outcome: "aborted" });
    });
  });
}
