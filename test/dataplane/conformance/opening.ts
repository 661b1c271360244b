// Conformance: how a pinhole is opened or refused, how long it is open, and what its release leaves.
import { describe, expect, test } from "vitest";
import { sides } from "../../../src/dataplane/pinhole.ts";
import { type Mode, type Wish, type Word } from "./harness.ts";
import { kinds, listens, type Suite } from "./suite.ts";

const modes: readonly Mode[] = ["passive", "active", "bothListen", "bothDial"];

const unusedEndings = ["release", "dismiss"] as const satisfies readonly Word[];

export function describeOpening(suite: Suite): void {
  const carried = suite.traits.modes;
  const listening = carried.filter((mode) => mode !== "bothDial");

  describe("opening", () => {
    test.each(carried)(
      "%s: opened is the first event, and tells the endpoints of the legs that listen, and no others",
      async (mode) => {
        const { owner } = await suite.opened(mode);
        const event = await owner.event("opened");
        expect(kinds(owner)).toEqual(["opened"]);
        expect(event.plane).toBe(suite.traits.plane);
        for (const side of sides) {
          if (!listens(mode, side)) expect(event).not.toHaveProperty(side);
          else
            expect(event[side]).toEqual({ address: expect.any(String) as string, port: expect.any(Number) as number });
        }
        const count = sides.filter((side) => listens(mode, side)).length;
        expect(await suite.harness().openPorts()).toBe(count);
      },
    );

    test("unfit says why where it can't carry, and nothing where it can", async () => {
      for (const mode of modes) {
        const wish: Wish = {
          client: listens(mode, "client") ? "listen" : await suite.deaf("client"),
          server: listens(mode, "server") ? "listen" : await suite.deaf("server"),
        };
        const why = await suite.harness().unfit(wish);
        expect([mode, typeof why]).toEqual([mode, carried.includes(mode) ? "undefined" : "string"]);
      }
    });

    test("where all ports are open it is refused as ports-exhausted", async () => {
      const owner = await suite.open({ client: "listen", server: await suite.deaf("server"), hasNoPort: true });
      expect(await owner.event("refused")).toMatchObject({ reason: "ports-exhausted" });
      await owner.say("start", "confirm", { linger: 10 }, "dismiss", "release");
      expect(await owner.counts()).toEqual({ bytesUp: 0, bytesDown: 0 });
    });

    test("a port that was announced before is opened again once it is free, and carries as before (D4.99)", async () => {
      const first = await suite.opened("active");
      const { port = 0 } = (await first.owner.event("opened")).server ?? {};
      const server = await first.peer("server");
      const client = await first.peer("client");
      await first.owner.event("joined");
      await first.owner.say("start", "confirm");
      await server.send(1000);
      for (const peer of [server, client]) await peer.fin();
      expect(await first.owner.event("closed")).toMatchObject({ outcome: "complete" });
      const second = await suite.opened("active", { port });
      expect((await second.owner.event("opened")).server?.port).toBe(port);
      const again = await second.peer("server");
      expect(await again.connected()).toBe(true);
      await second.owner.event("joined");
    });

    test("a wanted port that is open is refused as ports-exhausted, and stays whose it was (D4.99)", async () => {
      const first = await suite.opened("active");
      const { port = 0 } = (await first.owner.event("opened")).server ?? {};
      const wish: Wish = { client: await suite.deaf("client"), server: "listen", port };
      expect(await (await suite.open(wish)).event("refused")).toMatchObject({ reason: "ports-exhausted" });
      expect(await suite.harness().openPorts()).toBe(1);
      const server = await first.peer("server");
      expect(await server.connected()).toBe(true);
      await first.owner.event("joined");
    });

    test("an address that is not the machine's is refused as address-unavailable, and no port stays open", async () => {
      const owner = await suite.open({ client: "listen", server: await suite.deaf("server"), isElsewhere: true });
      expect(await owner.event("refused")).toMatchObject({ reason: "address-unavailable" });
      expect(await suite.harness().openPorts()).toBe(0);
    });

    test("two pinholes at once have ports of their own, and the end of one is nothing to the other", async () => {
      const [first, second] = [await suite.opened("passive"), await suite.opened("passive")];
      const ports = [await first.owner.event("opened"), await second.owner.event("opened")].map(
        (event) => event.client?.port,
      );
      expect(new Set(ports).size).toBe(2);
      await first.owner.say("release");
      await first.owner.event("closed");
      const client = await second.peer("client");
      expect(await client.connected()).toBe(true);
      await second.owner.event("joined");
    });
  });

  describe("expiry", () => {
    test.each(listening)("%s: nobody comes, it expires, and nobody gets in any more", async (mode) => {
      const { owner, peer } = await suite.opened(mode, { expiryMs: 200 });
      expect(await suite.passUntil(owner.event("closed"))).toMatchObject({ outcome: "expired" });
      expect(kinds(owner)).toEqual(["opened", "closed"]);
      expect(await suite.harness().openPorts()).toBe(0);
      for (const side of sides.filter((each) => listens(mode, each))) {
        expect(await (await peer(side)).connected()).toBe(false);
      }
    });

    test.each(carried)("%s: linger ends the wait sooner", async (mode) => {
      const { owner } = await suite.opened(mode);
      await owner.say({ linger: 100 });
      expect(await suite.passUntil(owner.event("closed"))).toMatchObject({ outcome: "expired" });
    });

    test.each(carried)("%s: linger never makes the wait longer, said before it is open or after", async (mode) => {
      const { owner } = await suite.opened(mode, { expiryMs: 200 }, { linger: 60_000 });
      await owner.say({ linger: 60_000 });
      expect(await suite.passUntil(owner.event("closed"))).toMatchObject({ outcome: "expired" });
    });

    test.each(listening)(
      "%s: once the transfer has begun, a peer may take as long to come as it may stall",
      async (mode) => {
        const { owner, peer } = await suite.opened(mode, { expiryMs: 200, stallMs: 5000 });
        await owner.say("start", "confirm");
        await suite.sleep(600);
        expect(kinds(owner)).not.toContain("closed");
        await Promise.all(sides.filter((side) => listens(mode, side)).map((side) => peer(side)));
        await owner.event("joined");
      },
    );

    test.each(listening)("%s: nor is it longer than that", async (mode) => {
      const { owner } = await suite.opened(mode, { expiryMs: 200, stallMs: 400 });
      await owner.say("confirm");
      expect(await suite.passUntil(owner.event("closed"))).toMatchObject({ outcome: "expired" });
    });

    test.each(carried)("%s: it is of no account once the peers are connected", async (mode) => {
      const { owner, client, server } = await suite.transfer(mode, { expiryMs: 500 });
      await suite.sleep(600);
      expect(kinds(owner)).not.toContain("closed");
      await client.send(1);
      await client.fin();
      expect(await server.ended()).toMatchObject({ end: "fin", bytes: 1 });
    });
  });

  describe.each(unusedEndings)("%s of a pinhole that nobody has used", (word) => {
    test.each(carried)(
      "%s: in the call's own turn, any number of times: opened and closed are still reported",
      async (mode) => {
        const { owner } = await suite.opened(mode, {}, word, "release", word);
        await owner.say(word, "release");
        expect(await owner.event("closed")).toMatchObject({ outcome: "released" });
        expect(kinds(owner)).toEqual(["opened", "closed"]);
      },
    );

    test.each(listening)("%s: when it is open: closed, its ports given back, and nobody gets in", async (mode) => {
      const { owner, peer } = await suite.opened(mode);
      await owner.say(word);
      expect(await owner.event("closed")).toMatchObject({ outcome: "released" });
      expect(await suite.harness().openPorts()).toBe(0);
      for (const side of sides.filter((each) => listens(mode, each))) {
        expect(await (await peer(side)).connected()).toBe(false);
      }
    });
  });

  test.each(carried)("%s: nothing that the owner says after the end is answered", async (mode) => {
    const { owner } = await suite.opened(mode, {}, "release");
    await owner.event("closed");
    const count = owner.events.length;
    await owner.say("start", "confirm", { linger: 1 }, "release", "dismiss");
    await suite.sleep(50);
    expect(owner.events.length).toBe(count);
  });
}

/** Of a plane that nothing else is asked of any more. */
export function describeStop(suite: Suite): void {
  test("stop releases every pinhole, and nothing is opened after it", async () => {
    const waiting = await suite.opened("passive");
    const carrying = await suite.transfer("passive");
    await suite.harness().stop();
    expect(await waiting.owner.event("closed")).toMatchObject({ outcome: "released" });
    expect(await carrying.owner.event("closed")).toMatchObject({ outcome: "aborted" });
    expect((await carrying.client.ended()).end).toBe("reset");
    expect((await carrying.server.ended()).end).toBe("reset");
    const wish = { client: "listen", server: await suite.deaf("server") } as const;
    expect(await suite.harness().unfit(wish)).toEqual(expect.any(String));
    const late = await suite.open(wish);
    expect(await late.event("refused")).toMatchObject({ reason: "plane-unavailable" });
  });
}
