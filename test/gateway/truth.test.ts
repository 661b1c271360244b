// Transfers cut at random, on either side, in every pair of modes: whoever receives never sees the clean end of a short file
// together with a 226, and a reset arrives as a reset. Attack and accident look the same here: RFC 959 stream mode ends a
// file with FIN, so a relay that closes softly after an error forges complete files.
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { FakeSession } from "./fake-server.ts";
import { type Dialogue, readAll } from "./ftp-dialogue.ts";
import { announce, knowsOnly, modePairs, serverModeFor } from "./modes.ts";
import { expectNothingLeft, setClient, setGateway, setServer, until } from "./stage.ts";
import { passUntil, sleep } from "../virtual-time.ts";

const body = Buffer.alloc(400_000, "0123456789abcdef");

/** Park–Miller, so that a failing cut can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => void socket.write(bytes, () => resolve()));
}

/** All replies until the connection ends or one that is final comes. */
async function finalReply(client: Dialogue): Promise<string> {
  for (;;) {
    const reply = await client.reply().catch(() => "gone");
    if (!reply.startsWith("1")) return reply;
  }
}

type Cut = (data: Socket, control: Socket) => void | Promise<void>;

const cuts: readonly (readonly [string, Cut, "reset" | "any"])[] = [
  ["a reset of the data connection", (data) => void data.resetAndDestroy(), "reset"],
  [
    "the end of the whole process, control connection first",
    async (data, control) => {
      control.destroy();
      await sleep(15);
      data.destroy();
    },
    "any",
  ],
  [
    "the end of the whole process, data connection first",
    (data, control) => {
      data.destroy();
      control.destroy();
    },
    "any",
  ],
];

const pairs = modePairs.map((pair, index) => ({ ...pair, seed: 1000 + index }));

async function setPair(pair: (typeof pairs)[number], script: Record<string, (s: FakeSession) => Promise<void>>) {
  const { clientHost, serverHost, serverMode } = pair;
  const server = await setServer({ ...knowsOnly(serverMode), ...script }, { host: serverHost });
  const gateway = await setGateway(server.port, {
    listen: [{ address: clientHost, port: 0 }],
    route: { kind: "fixed", server: { host: serverHost, port: server.port } },
    serverSide: { mode: serverModeFor(serverMode) },
    timeouts: { lingerMs: 30 },
  });
  const client = await setClient(gateway, clientHost);
  await client.login();
  return { server, gateway, client };
}

describe.each(cuts)("after %s", (_, cut, expectedEnd) => {
  // A reset must arrive in every pair. How a process dies differs less from pair to pair.
  const tried = pairs.filter((__, index) => expectedEnd === "reset" || index % 3 === 0);

  test.each(tried)(
    "by the server, a download in $clientMode/$serverMode ($clientHost/$serverHost) is told to be short",
    async (pair) => {
      const at = Math.floor(seeded(pair.seed)() * body.length);
      const { client, gateway } = await setPair(pair, {
        async RETR(s) {
          s.say("150 Here it comes");
          const data = await s.data();
          await write(data, body.subarray(0, at));
          await cut(data, s.socket);
        },
      });
      const announced = await announce(client, pair.clientMode, pair.clientHost);
      client.write("RETR x\r\n");
      // A client in active mode may never be dialled when the server has broken its side first.
      const received = announced.socket.then(readAll);
      const reply = await passUntil(finalReply(client));
      expect(reply, `seed ${pair.seed}`).not.toMatch(/^2/);
      const got = await Promise.race([received, sleep(20)]);
      announced.close();
      if (got !== undefined) {
        expect(body.subarray(0, got.bytes.length).equals(got.bytes)).toBe(true);
        if (expectedEnd === "reset") expect(got.end).toBe("reset");
      }
      client.close();
      await expectNothingLeft(gateway);
    },
  );

  test.each(tried)(
    "by the client, an upload in $clientMode/$serverMode ($clientHost/$serverHost) is not a whole file",
    async (pair) => {
      const at = Math.floor(seeded(pair.seed + 500)() * body.length);
      let received: ReturnType<typeof readAll> | undefined;
      const { client, gateway } = await setPair(pair, {
        async STOR(s) {
          s.say("150 Go on");
          received = readAll(await s.data());
          const { end } = await received;
          s.say(end === "fin" ? "226 Done" : "426 Broken");
        },
      });
      const announced = await announce(client, pair.clientMode, pair.clientHost);
      client.write("STOR x\r\n");
      expect(await client.reply()).toMatch(/^150/);
      const data = await announced.socket;
      await write(data, body.subarray(0, at));
      await until(() => received !== undefined);
      const reply = finalReply(client);
      await cut(data, client.socket);
      if (expectedEnd === "reset") {
        expect((await received)?.end, `seed ${pair.seed}`).toBe("reset");
        expect(await reply).toMatch(/^426/);
      }
      client.close();
      await expectNothingLeft(gateway);
    },
  );
});

describe("an upload that the server cuts", () => {
  test.each(pairs.filter(({ serverHost, clientHost }) => serverHost === clientHost))(
    "in $clientMode/$serverMode ($clientHost) is reset at the client",
    async (pair) => {
      const { client, gateway } = await setPair(pair, {
        async STOR(s) {
          s.say("150 Go on");
          const data = await s.data();
          await once(data.resume(), "data");
          data.resetAndDestroy();
          s.say("552 Disk full");
        },
      });
      const announced = await announce(client, pair.clientMode, pair.clientHost);
      client.write("STOR x\r\n");
      const data = await announced.socket;
      const received = readAll(data);
      data.write(body);
      expect((await received).end).toBe("reset");
      expect(await finalReply(client)).toMatch(/^552/);
      client.close();
      await expectNothingLeft(gateway);
    },
  );
});

describe("a server that lies", () => {
  test("with a 226 after a reset: the client has the reset and a 426", async () => {
    const [pair] = pairs;
    const { client } = await setPair(pair!, {
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        await write(data, body.subarray(0, 1000));
        data.resetAndDestroy();
        await sleep(50);
        s.say("226 All sent");
      },
    });
    const announced = await announce(client, pair!.clientMode, pair!.clientHost);
    client.write("RETR x\r\n");
    const { end } = await readAll(await announced.socket);
    expect(end).toBe("reset");
    expect(await finalReply(client)).toMatch(/^426/);
  });

  test("with a 226 before a reset: the client has the reset and a 426", async () => {
    const [pair] = pairs;
    const { client } = await setPair(pair!, {
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        s.say("226 All sent");
        await write(data, body.subarray(0, 1000));
        await sleep(30);
        data.resetAndDestroy();
      },
    });
    const announced = await announce(client, pair!.clientMode, pair!.clientHost);
    client.write("RETR x\r\n");
    const { end } = await readAll(await announced.socket);
    expect(end).toBe("reset");
    expect(await finalReply(client)).toMatch(/^426/);
  });
});
