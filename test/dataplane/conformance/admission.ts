// Conformance: who gets in, in which order the legs come about, and what a peer that can't be reached does to the other.
import { describe, expect, test } from "vitest";
import { sides } from "../../../src/dataplane/pinhole.ts";
import { otherSide, resetBy } from "./harness.ts";
import { kinds, listens, type Suite } from "./suite.ts";

export function describeAdmission(suite: Suite): void {
  const { modes, tellsOfStrangers } = suite.traits;
  const listening = modes.filter((mode) => mode !== "bothDial");
  const cameFirst = { passive: "client", active: "server" } as const;
  const halves = (["passive", "active"] as const)
    .filter((mode) => modes.includes(mode))
    .map((mode) => ({ mode, came: cameFirst[mode] }));

  describe("admission", () => {
    test.each(halves)(
      "$mode: the other peer is dialled only when the $came has come (D4.65)",
      async ({ mode, came }) => {
        const { owner, peer, ...peers } = await suite.opened(mode);
        await owner.say("start", "confirm");
        let isDialled = false;
        void peers[otherSide[came]]?.accepted.then(() => (isDialled = true));
        await suite.sleep(100);
        expect([isDialled, kinds(owner)]).toEqual([false, ["opened"]]);
        expect(await owner.counts()).toEqual({ bytesUp: 0, bytesDown: 0 });
        expect(await (await peer(came)).connected()).toBe(true);
        await peer(otherSide[came]);
        await owner.event("joined");
        expect(kinds(owner)).toEqual(["opened", "admitted", "joined"]);
        const { address } = (await owner.event("opened"))[came] ?? {};
        const admitted = await owner.event("admitted");
        expect(admitted).toMatchObject({ side: came, from: { port: expect.any(Number) as number } });
        expect(address).toEqual(expect.any(String));
      },
    );

    test.each(listening)(
      "%s: a stranger gets nothing, ends nothing, and is told of where it is seen (D4.72)",
      async (mode) => {
        const { owner, peer } = await suite.opened(mode);
        const event = await owner.event("opened");
        for (const side of sides.filter((each) => listens(mode, each))) {
          const stranger = await suite.harness().dial(side, event[side]!, { isStranger: true });
          void stranger.send(10);
          const { end, bytes } = await stranger.ended();
          expect([end, bytes]).toEqual([end === "refused" ? "refused" : "reset", 0]);
          expect(end).not.toBe("fin");
        }
        const told = tellsOfStrangers ? sides.filter((each) => listens(mode, each)) : [];
        expect(owner.events.flatMap((each) => (each.kind === "stranger" ? each.side : []))).toEqual(told);
        await owner.say("start", "confirm");
        const [client, server] = await Promise.all([peer("client"), peer("server")]);
        await owner.event("joined");
        await server.send(1000);
        await server.fin();
        expect(await client.ended()).toEqual({ end: "fin", bytes: 1000, isIntact: true });
      },
    );

    test.each(halves)(
      "$mode: of many connections at once from the expected $came one is carried",
      async ({ mode, came }) => {
        const { owner, peer, ...peers } = await suite.opened(mode);
        const racers = await Promise.all(Array.from({ length: 12 }, () => peer(came)));
        await owner.say("start", "confirm");
        const listener = await peers[otherSide[came]]!.accepted;
        await owner.event("joined");
        await listener.send(10);
        await listener.fin();
        const ends = await Promise.all(
          racers.map(async (racer) => ((await racer.connected()) ? await racer.ended() : { end: "refused", bytes: 0 })),
        );
        expect(ends.filter(({ bytes }) => bytes > 0)).toMatchObject([{ end: "fin", bytes: 10 }]);
        expect(ends.filter(({ end }) => end === "fin").length).toBe(1);
        expect(kinds(owner).filter((kind) => kind === "admitted")).toEqual(["admitted"]);
      },
    );

    test.each(halves)(
      "$mode: the expected $came comes once: a second connection is refused",
      async ({ mode, came }) => {
        const { owner, peer } = await suite.opened(mode);
        expect(await (await peer(came)).connected()).toBe(true);
        await owner.event("joined");
        const second = await peer(came);
        if (await second.connected()) expect((await second.ended()).end).toBe("reset");
        expect(kinds(owner)).toEqual(["opened", "admitted", "joined"]);
      },
    );

    if (modes.includes("bothListen")) {
      test.each(sides)(
        "bothListen: it is joined when both have come, the %s first, whose end was early",
        async (first) => {
          const { owner, peer } = await suite.opened("bothListen");
          await owner.say("start", "confirm");
          const early = await peer(first);
          await early.send(5);
          await early.fin();
          await owner.event("admitted");
          expect(kinds(owner)).toEqual(["opened", "admitted"]);
          const late = await peer(otherSide[first]);
          expect(await late.ended()).toEqual({ end: "fin", bytes: 5, isIntact: true });
          await late.fin();
          expect(await owner.event("closed")).toMatchObject({ outcome: "complete" });
        },
      );

      test("bothListen: one alone does not keep it open: it expires, and that one is reset", async () => {
        const { owner, peer } = await suite.opened("bothListen", { expiryMs: 500 });
        const client = await peer("client");
        expect((await suite.passUntil(client.ended())).end).toBe("reset");
        expect(await owner.event("closed")).toMatchObject({ outcome: "expired" });
      });

      test.each([
        ["release", "reset"],
        ["dismiss", suite.traits.dismissesByFin ? "fin" : "reset"],
      ] as const)("bothListen: %s while one has come ends its connection by %s", async (word, end) => {
        const { owner, peer } = await suite.opened("bothListen");
        const server = await peer("server");
        await Promise.all([server.connected(), owner.event("admitted")]);
        await owner.say(word);
        expect((await server.ended()).end).toBe(end);
        expect(await owner.event("closed")).toMatchObject({ outcome: "released" });
      });
    }
  });

  describe("a dialled peer", () => {
    test.each(halves)("$mode: that refuses is unreachable; the $came gets no end of a file", async ({ mode, came }) => {
      const other = otherSide[came];
      const { owner, peer } = await suite.opened(mode, { [other]: await suite.deaf(other) });
      const { end } = await (await peer(came)).ended();
      expect(["reset", "refused"]).toContain(end);
      expect(await owner.event("closed")).toMatchObject({
        outcome: `${other}-unreachable`,
        detail: expect.any(String) as string,
      });
      expect(kinds(owner)).toEqual(["opened", "admitted", "closed"]);
    });

    test.each(halves)("$mode: that resets at once was reached, and has reset", async ({ mode, came }) => {
      const other = otherSide[came];
      const { owner, peer, ...peers } = await suite.opened(mode);
      void peers[other]?.accepted.then((accepted) => accepted.reset());
      const { end } = await (await peer(came)).ended();
      expect(end).not.toBe("fin");
      expect(await owner.event("closed")).toMatchObject({ outcome: resetBy(other) });
    });

    test.each(halves)("$mode: an early end of the $came is passed on to it (D4.81)", async ({ mode, came }) => {
      const { owner, peer } = await suite.opened(mode);
      await owner.say("start", "confirm");
      const early = await peer(came);
      await early.send(5);
      await early.fin();
      const other = await peer(otherSide[came]);
      expect(await other.ended()).toEqual({ end: "fin", bytes: 5, isIntact: true });
      await other.fin();
      expect(await owner.event("closed")).toMatchObject({ outcome: "complete" });
    });
  });

  if (modes.includes("bothDial")) {
    describe("bothDial", () => {
      test("the server is dialled on start, the client on confirm, however often they are said", async () => {
        const { owner, peer, client: listener } = await suite.opened("bothDial");
        let isDialled = false;
        void listener?.accepted.then(() => (isDialled = true));
        await owner.say("start", "start");
        const server = await peer("server");
        await suite.sleep(50);
        expect([isDialled, kinds(owner)]).toEqual([false, ["opened", "reached"]]);
        await owner.say("confirm", "start", "confirm");
        const client = await peer("client");
        await client.send(2);
        await client.fin();
        expect(await server.ended()).toMatchObject({ end: "fin", bytes: 2 });
        await server.fin();
        expect(await owner.event("closed")).toMatchObject({ outcome: "complete" });
        expect(kinds(owner)).toEqual(["opened", "reached", "joined", "delivered", "closed"]);
      });

      test("start and confirm count before it is open", async () => {
        const { owner, peer } = await suite.opened("bothDial", {}, "confirm", "start");
        await Promise.all([peer("client"), peer("server")]);
        await owner.event("joined");
      });

      test.each([0, 10])("the server's end after %i bytes stands for confirm", async (bytes) => {
        const { owner, peer } = await suite.opened("bothDial", {}, "start");
        const server = await peer("server");
        await server.send(bytes);
        await server.fin();
        const client = await peer("client");
        await owner.say("confirm");
        expect(await client.ended()).toEqual({ end: "fin", bytes, isIntact: true });
        await client.fin();
        expect(await owner.event("closed")).toMatchObject({ outcome: "complete", bytesDown: bytes });
      });

      test("a server that resets before confirm has reset, and the client hears nothing", async () => {
        const { owner, peer } = await suite.opened("bothDial", {}, "start");
        await (await peer("server")).reset();
        expect(await owner.event("closed")).toMatchObject({ outcome: "server-reset" });
        expect(kinds(owner)).toEqual(["opened", "closed"]);
      });

      test("never confirmed, it stalls after stallMs", async () => {
        const { owner, peer } = await suite.opened("bothDial", { stallMs: 200 }, "start");
        expect((await suite.passUntil((await peer("server")).ended())).end).toBe("reset");
        expect(await owner.event("closed")).toMatchObject({ outcome: "stalled" });
      });

      test.each(sides)("a %s that refuses is unreachable", async (side) => {
        const { owner, peer } = await suite.opened("bothDial", { [side]: await suite.deaf(side) }, "start", "confirm");
        if (side === "client") expect((await (await peer("server")).ended()).end).toBe("reset");
        expect(await owner.event("closed")).toMatchObject({ outcome: `${side}-unreachable` });
      });

      test.each([
        ["release", "reset"],
        ["dismiss", suite.traits.dismissesByFin ? "fin" : "reset"],
      ] as const)("%s while the server alone is connected ends its connection by %s", async (word, end) => {
        const { owner, peer } = await suite.opened("bothDial", {}, "start");
        const server = await peer("server");
        // Until the gateway has noticed too.
        await suite.sleep(50);
        await owner.say(word);
        expect((await server.ended()).end).toBe(end);
        expect(await owner.event("closed")).toMatchObject({ outcome: "released" });
      });
    });
  }
}
