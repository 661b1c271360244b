// Conformance: what waits. The server's bytes for the announcement, `delivered` for the client, a stall for its time.
import { describe, expect, test } from "vitest";
import { eventually, kinds, type Suite } from "./suite.ts";

export function describeWaiting(suite: Suite): void {
  const { modes, holdsServerBytes, deliversUnasked } = suite.traits;
  // What waits does not know how it came about: two modes speak for all, in a third of the time.
  const joined = modes.filter((mode) => mode === "passive" || mode === "active");

  if (holdsServerBytes) {
    describe("before confirm", () => {
      const mode = "passive";
      test("the server's bytes and its end are held, and reach the client after confirm, whole (D4.65, D4.66)", async () => {
        const { owner, client, server } = await suite.transfer(mode, {}, { isConfirmed: false });
        void server.send(3_000_000).then(() => server.fin());
        await suite.sleep(100);
        expect([await client.received(), kinds(owner).includes("delivered")]).toEqual([0, false]);
        expect((await owner.counts()).bytesDown).toBe(0);
        await owner.say("confirm");
        expect(await client.ended()).toEqual({ end: "fin", bytes: 3_000_000, isIntact: true });
      });

      test("the client's bytes are not held: a server may announce nothing and wait for them (D4.67)", async () => {
        const { client, server } = await suite.transfer(mode, {}, { isConfirmed: false });
        await client.send(1000);
        await client.fin();
        expect(await server.ended()).toEqual({ end: "fin", bytes: 1000, isIntact: true });
      });

      test("a transfer that is started and never announced flows a second after start", async () => {
        const { owner, client, server } = await suite.transfer(mode, {}, { isConfirmed: false });
        await server.send(1000);
        await server.fin();
        const startedAt = performance.now();
        await owner.say("start");
        expect(await suite.passUntil(client.ended())).toEqual({ end: "fin", bytes: 1000, isIntact: true });
        expect(performance.now() - startedAt).toBeGreaterThan(900);
      });
    });
  }

  describe.each(joined)("%s, delivered", (mode) => {
    test("comes once, when the client's socket has taken the last byte and the FIN, and before closed", async () => {
      const { owner, client, server } = await suite.transfer(mode);
      await server.send(1000);
      await eventually(() => client.received()).toBe(1000);
      expect(kinds(owner)).not.toContain("delivered");
      await server.fin();
      if (!deliversUnasked) await owner.say({ linger: 5000 });
      await owner.event("delivered");
      expect(kinds(owner)).not.toContain("closed");
      expect(await client.ended()).toMatchObject({ end: "fin", bytes: 1000 });
      await client.fin();
      expect(await owner.event("closed")).toMatchObject({ outcome: "complete" });
      expect(kinds(owner).filter((kind) => kind === "delivered")).toEqual(["delivered"]);
    });

    test("does not come for the client's end", async () => {
      const { owner, client, server } = await suite.transfer(mode);
      await client.send(1000);
      await client.fin();
      await server.ended();
      if (!deliversUnasked) await owner.say({ linger: 5000 });
      await suite.sleep(100);
      expect(kinds(owner)).not.toContain("delivered");
    });

    test("does not come while a client that stands still leaves bytes waiting (D4.68)", async () => {
      const { owner, client, server } = await suite.transfer(mode);
      await client.pause();
      // More than all socket buffers on the way hold.
      void server.send(40_000_000).then(() => server.fin());
      await suite.sleep(300);
      if (!deliversUnasked) await owner.say({ linger: 5000 });
      await suite.sleep(100);
      expect(kinds(owner)).not.toContain("delivered");
      await client.resume();
      expect(await client.ended()).toEqual({ end: "fin", bytes: 40_000_000, isIntact: true });
      await owner.event("delivered");
    });
  });

  describe.each(joined)("%s, stall", (mode) => {
    test("no byte for stallMs: stalled, and both sides are reset", async () => {
      const { owner, client, server } = await suite.transfer(mode, { stallMs: 400 });
      await server.send(10);
      expect((await suite.passUntil(client.ended())).end).toBe("reset");
      expect((await server.ended()).end).toBe("reset");
      expect(await owner.event("closed")).toMatchObject({ outcome: "stalled" });
    });

    test("a byte now and then keeps it going for longer than stallMs", async () => {
      const { owner, client, server } = await suite.transfer(mode, { stallMs: 400 });
      for (let count = 0; count < 7; count++) {
        await (count % 2 === 0 ? server : client).send(1);
        await suite.sleep(100);
      }
      await Promise.all([server.fin(), client.fin()]);
      expect(await owner.event("closed")).toMatchObject({ outcome: "complete" });
    });

    test("a client that stands still stalls it", async () => {
      const { owner, client, server } = await suite.transfer(mode, { stallMs: 400 });
      await client.pause();
      void server.send(100_000_000);
      expect(await suite.passUntil(owner.event("closed"))).toMatchObject({ outcome: "stalled" });
      await client.resume();
      expect((await client.ended()).end).toBe("reset");
    });

    test("linger takes the place of stallMs from the moment it is said", async () => {
      const { owner, client, server } = await suite.transfer(mode);
      await owner.say({ linger: 200 });
      expect((await suite.passUntil(client.ended())).end).toBe("reset");
      expect((await server.ended()).end).toBe("reset");
      expect(await owner.event("closed")).toMatchObject({ outcome: "stalled" });
    });

    test.each(["linger", "release"] as const)(
      "%s once the client has been given the end takes nothing back from a slow client",
      async (word) => {
        const { owner, client, server } = await suite.transfer(mode);
        await client.pause();
        // All of it fits into the client's own socket.
        await server.send(30_000);
        await server.fin();
        if (!deliversUnasked) await owner.say({ linger: 5000 });
        await owner.event("delivered");
        await owner.say(word === "linger" ? { linger: 200 } : "release");
        expect(await suite.passUntil(owner.event("closed"))).toMatchObject({
          outcome: word === "linger" ? "stalled" : "aborted",
        });
        await client.resume();
        expect(await client.ended()).toEqual({ end: "fin", bytes: 30_000, isIntact: true });
      },
    );
  });
}
