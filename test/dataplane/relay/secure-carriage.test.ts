import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as dialTls, createSecureContext, TLSSocket } from "node:tls";
import { afterAll, describe, expect, test } from "vitest";
import type { Leg, PinholeEvent } from "../../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../../src/dataplane/relay/relay.ts";
import { loadSplicePlane } from "../../../src/dataplane/splice/splice.ts";
import { releaseControl, watchTlsEnd } from "../../../src/sockets/tls-handle.ts";
import { loadFfi } from "../../../src/sockets/ffi.ts";
import type { LegTls } from "../../../src/tls/leg-tls.ts";
import type { SessionEntry } from "../../../src/tls/session-store.ts";
import { makeCertificate } from "../../tls/made-certificate.ts";
import { certificateOf, clientLeg, made, serverLeg, source } from "../../tls/tls-peers.ts";
import { listenLeg, openPinhole, type OpenPinhole } from "../loopback.ts";

const planes = {
  thread: createRelayPlane({ isThreaded: true }),
  "this thread": createRelayPlane({ isThreaded: false }),
};
afterAll(async () => {
  await Promise.all(Object.values(planes).map((plane) => plane.stop()));
});

const versions = ["TLSv1.2", "TLSv1.3"] as const;
type Version = (typeof versions)[number];
type Kinds = { readonly client: boolean; readonly server: boolean };

/** Under it the raw socket: a cut is made there. */
type Peer = { readonly socket: Socket; readonly raw: Socket; readonly secured: Promise<unknown> };

type Wanted = Kinds & {
  readonly version: Version;
  readonly clientTls?: Partial<LegTls>;
  readonly serverTls?: Partial<LegTls>;
  readonly learned?: SessionEntry[];
};

function open(plane: keyof typeof planes, wanted: Wanted, options = {}): OpenPinhole {
  const leg = (tls: LegTls | undefined): Leg =>
    tls === undefined ? listenLeg() : { ...listenLeg(), tls: source(tls, wanted.learned) };
  return openPinhole(
    planes[plane],
    {
      client: leg(wanted.client ? ({ ...serverLeg, ...wanted.clientTls } as LegTls) : undefined),
      server: leg(wanted.server ? ({ ...clientLeg, ...wanted.serverTls } as LegTls) : undefined),
    },
    options,
  );
}

async function peers(
  pinhole: OpenPinhole,
  { client, server, version }: Wanted,
): Promise<{ client: Peer; server: Peer }> {
  const dial = async (side: "client" | "server"): Promise<Socket> => {
    const { address, port } = await pinhole.endpoint(side);
    const socket = connectTcp({ host: address, port, allowHalfOpen: true }).on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  const rawClient = await dial("client");
  const rawServer = await dial("server");
  const only = { minVersion: version, maxVersion: version };
  const ourClient = client
    ? dialTls({ socket: rawClient, ca: made.cert, servername: "ftp.example.net", ...only }).on("error", () => {})
    : rawClient;
  const ourServer = server
    ? releaseControl(
        new TLSSocket(rawServer, {
          isServer: true,
          secureContext: createSecureContext({ cert: made.cert, key: made.key, ...only }),
        }),
      ).on("error", () => {})
    : rawServer;
  const peer = (socket: Socket, raw: Socket): Peer => {
    const secured = new Promise((resolve) => (socket === raw ? resolve(undefined) : socket.once("secure", resolve)));
    return { socket, raw, secured };
  };
  return { client: peer(ourClient, rawClient), server: peer(ourServer, rawServer) };
}

/** Written when the handshake is over: a server that writes at once loses its close_notify. */
async function give({ socket, secured }: Peer, content: Buffer): Promise<void> {
  await secured;
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.end(content);
}

/** The end of TLS, too, where it is spoken. */
async function take({ socket }: Peer): Promise<{ sha1: string; bytes: number }> {
  const end = socket instanceof TLSSocket ? watchTlsEnd(socket) : () => "close-notify";
  const hash = createHash("sha1");
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  await once(socket.resume(), "end");
  expect(end()).toBe("close-notify");
  socket.end();
  return { sha1: hash.digest("hex"), bytes };
}

const sha1 = (content: Buffer): string => createHash("sha1").update(content).digest("hex");
const kinds: readonly (readonly [string, Kinds])[] = [
  ["the client's leg", { client: true, server: false }],
  ["the server's leg", { client: false, server: true }],
  ["both legs", { client: true, server: true }],
];
const sizes = [0, 1, 70_000, 3_000_001];

describe.each(["thread", "this thread"] as const)("a data connection under TLS, in %s", (plane) => {
  describe.each(versions)("%s", (version) => {
    describe.each(kinds)("on %s", (_name, kind) => {
      test.each(sizes)("brings %i bytes down, whole, and says the end", async (size) => {
        const content = randomBytes(size);
        const pinhole = open(plane, { ...kind, version });
        const { client, server } = await peers(pinhole, { ...kind, version });
        const taken = take(client);
        await give(server, content);
        server.socket.resume();
        expect(await taken).toEqual({ sha1: sha1(content), bytes: size });
        expect(await pinhole.event("closed")).toMatchObject({ outcome: "complete", bytesDown: size, bytesUp: 0 });
        expect(pinhole.events.map((event) => event.kind)).toContain("delivered");
        const secured = pinhole.events.filter((event) => event.kind === "secured");
        expect(secured).toHaveLength(Number(kind.client) + Number(kind.server));
        for (const event of secured) expect(event).toMatchObject({ version, resumed: false });
      });

      test.each(sizes)("brings %i bytes up, whole, and says the end", async (size) => {
        const content = randomBytes(size);
        // As for every upload: a client that has a ticket unread at its end resets.
        const pinhole = open(plane, { ...kind, version, clientTls: { policy: "none" } });
        const { client, server } = await peers(pinhole, { ...kind, version });
        const taken = take(server);
        await give(client, content);
        client.socket.resume();
        expect(await taken).toEqual({ sha1: sha1(content), bytes: size });
        expect(await pinhole.event("closed")).toMatchObject({ outcome: "complete", bytesUp: size, bytesDown: 0 });
      });

      test("that is cut in the middle is a reset for the other side, and said to be cut", async () => {
        const from = kind.server ? "server" : "client";
        const to = from === "server" ? "client" : "server";
        const pinhole = open(plane, { ...kind, version });
        const both = await peers(pinhole, { ...kind, version });
        const ended = new Promise<string>((resolve) => {
          both[to].socket.resume().on("end", () => resolve("end"));
          both[to].raw.on("close", (isBroken) => resolve(isBroken ? "reset" : "closed"));
          both[to].socket.on("error", () => resolve("reset"));
        });
        await pinhole.event("secured");
        await new Promise((resolve) => setTimeout(resolve, 20));
        both[from].socket.write(randomBytes(100_000));
        await new Promise((resolve) => setTimeout(resolve, 20));
        cutBeneath(both[from].raw);
        expect(await pinhole.event("closed")).toMatchObject({
          outcome: "tls-truncated",
          detail: `${from}: the end came without close_notify`,
        });
        expect(await ended).toBe("reset");
      });
    });

    test("that is cut is complete where that is tolerated, and told of", async () => {
      const wanted = { client: true, server: false, version, clientTls: { truncation: "tolerate" } } as const;
      const pinhole = open(plane, wanted);
      const { client, server } = await peers(pinhole, wanted);
      const taken = take(server);
      await pinhole.event("secured");
      client.socket.write("abc");
      await new Promise((resolve) => setTimeout(resolve, 20));
      cutBeneath(client.raw);
      expect((await taken).bytes).toBe(3);
      client.socket.resume();
      expect(await pinhole.event("no-close-notify")).toMatchObject({ side: "client" });
      expect(await pinhole.outcome()).toBe("complete");
    });

    test("whose receiver ends with TCP alone when it was given everything is complete", async () => {
      const wanted = { client: true, server: true, version };
      const pinhole = open(plane, wanted);
      const { client, server } = await peers(pinhole, wanted);
      const taken = new Promise((resolve) => client.socket.resume().on("end", resolve));
      server.socket.resume();
      await give(server, Buffer.from("abc"));
      await taken;
      cutBeneath(client.raw);
      expect(await pinhole.event("closed")).toMatchObject({ outcome: "complete", bytesDown: 3 });
    });

    test("whose receiver ends with TCP alone before it was given everything is cut", async () => {
      const wanted = { client: true, server: true, version };
      const pinhole = open(plane, wanted);
      const { client, server } = await peers(pinhole, wanted);
      server.socket.resume();
      client.socket.resume();
      await Promise.all([client.secured, server.secured]);
      await pinhole.event("secured");
      await new Promise((resolve) => setTimeout(resolve, 50));
      cutBeneath(client.raw);
      expect(await pinhole.outcome()).toBe("tls-truncated");
    });

    test("whose client must resume, and does not, is no data connection", async () => {
      const wanted = { client: true, server: false, version, clientTls: { mustResume: true } as Partial<LegTls> };
      const pinhole = open(plane, wanted);
      await peers(pinhole, wanted);
      expect(await pinhole.event("closed")).toMatchObject({
        outcome: "client-tls-failed",
        detail: expect.stringMatching(/^not-resumed: /),
      });
    });
  });

  test.each(versions)("that has garbage in its TLS is broken, and the process lives (%s)", async (version) => {
    for (const garbage of [
      "1703030010" + "00".repeat(16),
      "1703037fff" + "00".repeat(100),
      "15030300020200",
      "deadbeef00",
    ]) {
      const wanted = { client: true, server: false, version };
      const pinhole = open(plane, wanted);
      const { client, server } = await peers(pinhole, wanted);
      const gone = new Promise((resolve) => server.raw.on("close", resolve));
      server.socket.resume();
      await pinhole.event("secured");
      await new Promise((resolve) => setTimeout(resolve, 20));
      client.socket.write("abc");
      await new Promise((resolve) => setTimeout(resolve, 20));
      writeBeneath(client.raw, Buffer.from(garbage, "hex"));
      setTimeout(() => client.raw.resetAndDestroy(), 200);
      const { outcome } = await pinhole.event("closed");
      expect(["client-reset", "tls-truncated"]).toContain(outcome);
      await gone;
    }
  });

  test("with a client that speaks in clear is no data connection, and nothing of it reaches the server", async () => {
    const wanted = { client: true, server: false, version: "TLSv1.3" } as const;
    const pinhole = open(plane, wanted);
    const { client, server } = await peers(pinhole, { ...wanted, client: false });
    const heard: Buffer[] = [];
    server.socket.on("data", (chunk: Buffer) => heard.push(chunk));
    client.socket.end("a file in clear");
    expect(await pinhole.event("closed")).toMatchObject({
      outcome: "client-tls-failed",
      detail: expect.stringMatching(/^not-tls: /),
    });
    expect(heard).toEqual([]);
  });

  test("with a server whose certificate is another is none, and says why", async () => {
    const other = certificateOf(makeCertificate({ name: "other.example.net" }));
    const wanted = { client: false, server: true, version: "TLSv1.3" } as const;
    const serverTls = { tls: { ...clientLeg.tls, ca: other.chain }, key: "other" };
    const pinhole = open(plane, { ...wanted, serverTls });
    await peers(pinhole, wanted);
    expect(await pinhole.event("closed")).toMatchObject({
      outcome: "server-tls-failed",
      detail: expect.stringMatching(/^unknown-ca: /),
    });
  });

  test("that is released breaks both, before and after the handshake", async () => {
    for (const isLate of [false, true]) {
      const wanted = { client: true, server: true, version: "TLSv1.3" } as const;
      const pinhole = open(plane, wanted, { isConfirmed: isLate });
      const { client, server } = await peers(pinhole, wanted);
      // Node's TLS shows a reset as an end now and then.
      const broken = Promise.all(
        [client, server].map(async ({ socket, raw }) => {
          await new Promise((resolve) => (raw.on("close", resolve), socket.resume().on("end", resolve)));
        }),
      );
      if (isLate) await pinhole.event("secured");
      else await pinhole.event("joined");
      pinhole.pinhole.release();
      expect(await pinhole.outcome()).toBe("aborted");
      await broken;
    }
  });

  test.each(versions)(
    "of an empty file has an end, also where it has come before the client is ready (%s)",
    async (version) => {
      const wanted = { client: true, server: true, version };
      const pinhole = open(plane, wanted, { isConfirmed: false });
      const server = await peers(pinhole, { ...wanted, client: false });
      await pinhole.event("joined");
      pinhole.pinhole.confirm();
      await server.server.secured;
      await new Promise((resolve) => setTimeout(resolve, 20));
      server.server.socket.end();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const only = { minVersion: version, maxVersion: version };
      const client = dialTls({ socket: server.client.raw, rejectUnauthorized: false, ...only });
      const secured = new Promise((resolve) => client.once("secure", resolve));
      expect(await take({ socket: client, raw: server.client.raw, secured })).toMatchObject({ bytes: 0 });
      expect(await pinhole.outcome()).toBe("complete");
    },
  );

  const download = { isDownload: true };

  test.each(kinds)(
    "on %s, downwards, is ended by a client when the server has said all, and not before",
    async (_name, kind) => {
      const wanted = { ...kind, version: "TLSv1.3", clientTls: download, serverTls: download } as const;
      const pinhole = open(plane, wanted);
      const { client, server } = await peers(pinhole, wanted);
      let hasEnded = false;
      server.socket.resume().on("end", () => (hasEnded = true));
      await Promise.all([client.secured, server.secured]);
      const taken = take(client);
      await new Promise((resolve) => setTimeout(resolve, 50));
      client.socket.end();
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(hasEnded).toBe(false);
      server.socket.end("late");
      expect(await taken).toMatchObject({ bytes: 4 });
      expect(await pinhole.outcome()).toBe("complete");
      await expect.poll(() => hasEnded).toBe(true);
    },
  );

  // 8 MiB are more than the kernel holds of a client that does not read.
  test.each(kinds)(
    "on %s, that both sides have ended is complete only when the client has it all",
    async (_name, kind) => {
      const content = randomBytes(8 * 1024 * 1024);
      // Not told that it is a download: the client's early end is passed on at once.
      const wanted = { ...kind, version: "TLSv1.3" } as const;
      const pinhole = open(plane, wanted);
      const { client, server } = await peers(pinhole, wanted);
      await Promise.all([client.secured, server.secured]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      client.socket.pause().end();
      server.socket.resume().end(content);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(pinhole.events.some((event) => event.kind === "closed")).toBe(false);
      expect(await take(client)).toEqual({ sha1: sha1(content), bytes: content.length });
      expect(await pinhole.outcome()).toBe("complete");
    },
  );

  describe("of which the ends are told by their order", () => {
    const held = { clientTls: { isEndHeld: true }, serverTls: { isEndHeld: true } };

    describe.each(kinds)("on %s", (_name, kind) => {
      test.each(versions)("is whole in both directions (%s)", async (version) => {
        for (const size of sizes) {
          const content = randomBytes(size);
          const down = open(plane, { ...kind, ...held, version });
          const peersDown = await peers(down, { ...kind, version });
          const takenDown = take(peersDown.client);
          await give(peersDown.server, content);
          peersDown.server.socket.resume();
          expect(await takenDown).toEqual({ sha1: sha1(content), bytes: size });
          expect(await down.event("closed")).toMatchObject({ outcome: "complete", bytesDown: size });
          const wanted = { ...kind, ...held, clientTls: { isEndHeld: true, policy: "none" } as const, version };
          const up = open(plane, wanted);
          const peersUp = await peers(up, wanted);
          const takenUp = take(peersUp.server);
          await give(peersUp.client, content);
          peersUp.client.socket.resume();
          expect(await takenUp).toEqual({ sha1: sha1(content), bytes: size });
          expect(await up.event("closed")).toMatchObject({ outcome: "complete", bytesUp: size });
        }
      });

      test.each(versions)(
        "waits for a receiver that stands still, and knows the end as it was (%s)",
        async (version) => {
          const content = randomBytes(8 * 1024 * 1024);
          const from = kind.server ? "server" : "client";
          const to = from === "server" ? "client" : "server";
          for (const isCut of [false, true]) {
            const wanted = { ...kind, ...held, clientTls: { isEndHeld: true, policy: "none" } as const, version };
            const pinhole = open(plane, wanted);
            const both = await peers(pinhole, wanted);
            const { raw, socket } = both[from];
            await Promise.all([both.client.secured, both.server.secured]);
            await new Promise((resolve) => setTimeout(resolve, 20));
            both[to].socket.pause();
            if (isCut) socket.resume().write(content, () => cutBeneath(raw));
            else socket.resume().end(content);
            await new Promise((resolve) => setTimeout(resolve, 300));
            expect(pinhole.events.some((event) => event.kind === "closed")).toBe(false);
            if (isCut) both[to].socket.resume();
            else expect(await take(both[to])).toEqual({ sha1: sha1(content), bytes: content.length });
            expect(await pinhole.outcome()).toBe(isCut ? "tls-truncated" : "complete");
          }
        },
      );
    });

    test.each(versions)("that is reset is broken, and one that is given up leaves nothing (%s)", async (version) => {
      const wanted = { client: true, server: false, ...held, version } as const;
      const reset = open(plane, wanted);
      const one = await peers(reset, wanted);
      await one.client.secured;
      one.client.socket.write("abc");
      await new Promise((resolve) => setTimeout(resolve, 20));
      one.client.raw.resetAndDestroy();
      expect(await reset.outcome()).toBe("client-reset");
      const released = open(plane, wanted);
      const other = await peers(released, wanted);
      await other.client.secured;
      await released.event("secured");
      await new Promise((resolve) => setTimeout(resolve, 20));
      const gone = once(other.client.raw, "close");
      other.client.socket.resume();
      released.pinhole.release();
      expect(await released.outcome()).toBe("aborted");
      await gone;
    });
  });

  test("begins with the client when the transfer does, and with the server when it is confirmed", async () => {
    const wanted = { client: true, server: true, version: "TLSv1.3" } as const;
    const pinhole = open(plane, wanted, { isConfirmed: false });
    const { client } = await peers(pinhole, wanted);
    client.socket.on("secure", () => {});
    await pinhole.event("joined");
    pinhole.pinhole.start();
    expect(await pinhole.event("secured")).toMatchObject({ side: "client" });
    expect(pinhole.events.filter((event: PinholeEvent) => event.kind === "secured")).toHaveLength(1);
    pinhole.pinhole.confirm();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pinhole.events.filter((event: PinholeEvent) => event.kind === "secured")).toHaveLength(2);
    pinhole.pinhole.release();
    await pinhole.outcome();
  });
});

/** Past TLS. */
function writeBeneath(raw: Socket, bytes: Buffer): void {
  const loaded = loadFfi();
  if (!loaded.ok) throw new Error(loaded.reason);
  const { fd } = (raw as unknown as { _handle: { fd: number } })._handle;
  loaded.ffi.func("int64_t send(int, const void *, size_t, int)")(fd, bytes, bytes.length, 0);
}

/** FIN from below TLS: TLS itself is not ended. */
function cutBeneath(raw: Socket): void {
  const loaded = loadFfi();
  if (!loaded.ok) throw new Error(loaded.reason);
  loaded.ffi.func("int shutdown(int, int)")((raw as unknown as { _handle: { fd: number } })._handle.fd, 1);
}

test("splice can't carry what runs TLS", async () => {
  const loaded = loadSplicePlane();
  if (!loaded.ok) return;
  const leg = { ...listenLeg(), tls: source(serverLeg) };
  const request = { client: leg, server: listenLeg(), expiryMs: 1, connectMs: 1, stallMs: 1 };
  expect(loaded.plane.unfit(request)).toBe("a leg runs TLS");
  expect(loaded.plane.unfit({ ...request, client: listenLeg() })).toBeUndefined();
  await loaded.plane.stop();
});
