import { once } from "node:events";
import { createServer, connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import {
  createSecureContext,
  type ConnectionOptions,
  connect as dialTls,
  TLSSocket,
  type TLSSocketOptions,
} from "node:tls";
import { describe, expect, test } from "vitest";
import { acceptOptions } from "../../src/sockets/node-acceptor.ts";
import { acceptedTransport, dialTransport } from "../../src/sockets/node-transport.ts";
import {
  abortTransport,
  endTransport,
  listenTo,
  send,
  type Transport,
  type TransportEvents,
} from "../../src/sockets/transport.ts";
import { checkCertificate, type Certificate } from "../../src/tls/certificate.ts";
import { type ClientTls, createClientContext, pinOf } from "../../src/tls/client-context.ts";
import type { Handshake } from "../../src/tls/handshake.ts";
import type { HandshakeFailure } from "../../src/tls/handshake-failure.ts";
import { createServerContext, type ServerTls } from "../../src/tls/server-context.ts";
import { createSessionStore } from "../../src/tls/session-store.ts";
import { startTls, type TlsStart } from "../../src/tls/start-tls.ts";
import { createTicketRing, newTicketKey, type TicketKeys } from "../../src/tls/ticket-keys.ts";
import { type MadeCertificate, makeCertificate } from "./made-certificate.ts";

const made = makeCertificate({ name: "ftp.example.net" });
const second = makeCertificate({ name: "second.example.net", kind: "rsa" });
const ring = createTicketRing(() => performance.now());
const serverTls: ServerTls = { certificates: [certificateOf(made), certificateOf(second)], minVersion: "TLSv1.2" };

function certificateOf({ cert, key }: MadeCertificate): Certificate {
  const checked = checkCertificate(cert, key, Date.now());
  if (!checked.ok) throw new Error(checked.problem);
  return checked.certificate;
}

type Outcome = { readonly handshake: Handshake } | { readonly failure: HandshakeFailure };
type Heard = { text: string; ended: boolean; failed: string; closed: Promise<void> };

/** Two ends of one TCP connection: a transport of ours, and a socket. */
async function connected(role: "server" | "client"): Promise<{ transport: Transport; peer: Socket; heard: Heard }> {
  const listener = createServer(acceptOptions).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as { port: number };
  const arrival = once(listener, "connection") as Promise<[Socket]>;
  if (role === "server") {
    const peer = connectTcp({ port, host: "127.0.0.1" });
    peer.on("error", () => {});
    const [accepted] = await arrival;
    listener.close();
    const transport = acceptedTransport(accepted, { keepaliveMs: 60_000 });
    return { transport, peer, heard: hear(transport) };
  }
  const dialled = Promise.withResolvers<{ transport: Transport; heard: Heard }>();
  dialTransport(
    { address: "127.0.0.1", port },
    { keepaliveMs: 60_000 },
    {
      connected: (transport) => dialled.resolve({ transport, heard: hear(transport) }),
      failed: (detail) => dialled.reject(new Error(detail)),
    },
  );
  const [peer] = await arrival;
  peer.on("error", () => {});
  listener.close();
  return { ...(await dialled.promise), peer };
}

function hear(transport: Transport): Heard {
  const { promise, resolve } = Promise.withResolvers<void>();
  const heard: Heard = { text: "", ended: false, failed: "", closed: promise };
  const events: TransportEvents<Heard> = {
    arrived(owner) {
      owner.text += Buffer.from(transport.memory.subarray(transport.from, transport.to)).toString("latin1");
      transport.from = transport.to;
    },
    ended: (owner) => (owner.ended = true),
    failed: (owner, detail) => (owner.failed = detail),
    drained() {},
    closed: () => resolve(),
  };
  listenTo(transport, heard, events);
  return heard;
}

function begin(
  transport: Transport,
  start: TlsStart,
): { outcome: Promise<Outcome>; endTls(cleared: () => void): void } {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { endTls } = startTls(transport, start, {
    secured: (handshake) => resolve({ handshake }),
    failed: (failure) => resolve({ failure }),
  });
  return { outcome: promise, endTls };
}

function asServer(tls: Partial<ServerTls> = {}, mayEnd = false): TlsStart {
  const { open, refusal } = createServerContext({ ...serverTls, ...tls }, ring, "renew");
  return { open: (connection) => open(connection, createSessionStore()), refusal, mayEnd };
}

function asClient(tls: Partial<ClientTls> = {}): TlsStart {
  const context = createClientContext({
    verify: true,
    ca: made.cert,
    name: "ftp.example.net",
    minVersion: "TLSv1.2",
    ...tls,
  });
  return { open: (connection) => context.open(connection), refusal: context.refusal, mayEnd: false };
}

/** What breaks in a peer is for the test that looks. */
const connect = (options: ConnectionOptions): TLSSocket => dialTls(options).on("error", () => {});
const trusting: ConnectionOptions = { rejectUnauthorized: false };
const versions = ["TLSv1.2", "TLSv1.3"] as const;

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.each(versions)("a control connection of a client is secured in the middle (%s)", (version) => {
  const only = { minVersion: version, maxVersion: version };

  test.each([false, true])(
    "and what was said in clear before stays as it was (with room for CCC: %s)",
    async (mayEnd) => {
      const { transport, peer, heard } = await connected("server");
      peer.write("AUTH TLS\r\n");
      await until(() => heard.text !== "");
      send(transport, "234 go\r\n");
      const { outcome } = begin(transport, asServer({}, mayEnd));
      await once(peer, "data");
      const secure = connect({ socket: peer, servername: "second.example.net", ...trusting, ...only });
      expect(await outcome).toMatchObject({
        handshake: { version, resumed: false, name: "second.example.net" },
      });
      expect(secure.getPeerCertificate().subject.CN).toBe("second.example.net");
      secure.write("USER alice\r\n");
      await until(() => heard.text.endsWith("USER alice\r\n"));
      send(transport, "331 and?\r\n");
      const [reply] = (await once(secure, "data")) as [Buffer];
      expect(String(reply)).toBe("331 and?\r\n");
      send(transport, "221 bye\r\n");
      endTransport(transport);
      const last: Buffer[] = [];
      secure.on("data", (chunk: Buffer) => last.push(chunk));
      await once(secure, "end");
      expect(String(Buffer.concat(last))).toBe("221 bye\r\n");
      secure.end();
      await heard.closed;
      expect(transport.isClosed).toBe(true);
    },
  );

  test("and one that its peer ends is told of as ended", async () => {
    const { transport, peer, heard } = await connected("server");
    const { outcome } = begin(transport, asServer());
    const secure = connect({ socket: peer, ...trusting, ...only });
    await outcome;
    secure.end("QUIT\r\n");
    await until(() => heard.ended);
    expect(heard.text).toBe("QUIT\r\n");
    endTransport(transport);
    await heard.closed;
  });

  test("and one that is reset, or that we abort, is told of as failed and closed", async () => {
    const first = await connected("server");
    const { outcome } = begin(first.transport, asServer());
    connect({ socket: first.peer, ...trusting, ...only }).on("error", () => {});
    await outcome;
    first.peer.resetAndDestroy();
    await first.heard.closed;
    expect(first.heard.failed).toBe("ECONNRESET");
    const next = await connected("server");
    const begun = begin(next.transport, asServer());
    const secure = connect({ socket: next.peer, ...trusting, ...only });
    await begun.outcome;
    const reset = once(secure, "error") as Promise<[NodeJS.ErrnoException]>;
    abortTransport(next.transport);
    expect((await reset)[0].code).toBe("ECONNRESET");
    await next.heard.closed;
  });

  test("and ends in the middle again (CCC), with clear text behind the peer's close_notify", async () => {
    const { transport, peer, heard } = await connected("server");
    const { outcome, endTls } = begin(transport, asServer({}, true));
    const { tlsEnd, secure } = clearable(peer, only);
    await outcome;
    secure.write("CCC\r\n");
    await until(() => heard.text === "CCC\r\n");
    send(transport, "200 clear\r\n");
    const cleared = new Promise<void>((resolve) => endTls(resolve));
    // Its end of TLS and the first clear line in one segment.
    await tlsEnd("NOOP\r\n");
    await cleared;
    await until(() => heard.text === "CCC\r\nNOOP\r\n");
    send(transport, "200 still here\r\n");
    const [reply] = (await once(peer, "data")) as [Buffer];
    expect(String(reply)).toBe("200 still here\r\n");
    peer.end();
    await until(() => heard.ended);
    endTransport(transport);
    await heard.closed;
  });
});

/** A client that takes TLS off again: TLS in a stream of its own. */
function clearable(peer: Socket, only: ConnectionOptions) {
  const { promise: ended, resolve: atEnd } = Promise.withResolvers<void>();
  const held: Buffer[] = [];
  let isHolding = false;
  const stream = new (class extends Duplex {
    override _read() {}
    override _write(chunk: Buffer, _e: string, done: () => void) {
      if (isHolding) held.push(chunk);
      else peer.write(chunk);
      done();
    }
    override _final(done: () => void) {
      done();
    }
  })();
  const feed = (chunk: Buffer) => stream.push(chunk);
  peer.on("data", feed);
  const secure = connect({ socket: stream, ...trusting, ...only });
  secure.on("data", () => {});
  secure.on("end", () => atEnd());
  return {
    secure,
    async tlsEnd(clear: string) {
      await ended;
      peer.off("data", feed);
      isHolding = true;
      secure.end();
      await until(() => held.length > 0);
      peer.write(Buffer.concat([...held, Buffer.from(clear)]));
    },
  };
}

describe("a handshake with a client that fails is told by its cause", () => {
  test.each([
    [
      "an old version",
      { maxVersion: "TLSv1.1", minVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
      "protocol-version",
    ],
    ["no cipher that we have", { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" }, "no-shared-cipher"],
  ] as const)("%s", async (_name, options, cause) => {
    const { transport, peer, heard } = await connected("server");
    const { outcome } = begin(transport, asServer());
    connect({ socket: peer, ...trusting, ...options }).on("error", () => {});
    const got = await outcome;
    expect(got).toMatchObject({ failure: { cause } });
    abortTransport(transport);
    await heard.closed;
  });

  test("clear text is no TLS", async () => {
    const { transport, peer, heard } = await connected("server");
    const { outcome } = begin(transport, asServer());
    peer.write("USER alice\r\nPASS secret\r\n");
    expect(await outcome).toMatchObject({
      failure: { cause: "not-tls", detail: expect.stringMatching(/speaks no TLS/) },
    });
    await heard.closed;
    expect(heard.text).toBe("");
  });

  test("one that goes away in the middle has closed", async () => {
    const { transport, peer, heard } = await connected("server");
    const { outcome } = begin(transport, asServer());
    peer.end(Buffer.from("160301", "hex"));
    expect(await outcome).toMatchObject({ failure: { cause: "closed" } });
    abortTransport(transport);
    await heard.closed;
  });

  test("a client without the certificate that it must show, or with one of somebody else's", async () => {
    const clientCertificates = { ca: made.cert, require: true };
    const first = await connected("server");
    const begun = begin(first.transport, asServer({ clientCertificates }));
    connect({ socket: first.peer, ...trusting }).on("error", () => {});
    expect(await begun.outcome).toMatchObject({ failure: { cause: "no-certificate" } });
    const next = await connected("server");
    const other = begin(next.transport, asServer({ clientCertificates }));
    connect({ socket: next.peer, ...trusting, cert: second.cert, key: second.key }).on("error", () => {});
    expect(await other.outcome).toMatchObject({ failure: { cause: "unknown-ca" } });
    abortTransport(first.transport);
    abortTransport(next.transport);
  });

  test("one whose certificate is good is known by it", async () => {
    const { transport, peer } = await connected("server");
    const { outcome } = begin(transport, asServer({ clientCertificates: { ca: made.cert, require: true } }));
    connect({ socket: peer, ...trusting, cert: made.cert, key: made.key });
    expect(await outcome).toMatchObject({ handshake: { subject: "CN=ftp.example.net", user: "ftp.example.net" } });
    abortTransport(transport);
  });
});

describe("a control connection to a server is secured in the middle", () => {
  const serving = (peer: Socket, options: TLSSocketOptions = {}, shown = made): TLSSocket =>
    new TLSSocket(peer, {
      isServer: true,
      secureContext: createSecureContext({ cert: shown.cert, key: shown.key, ...options }),
    }).on("error", () => {});

  test("and lines go both ways", async () => {
    const { transport, peer, heard } = await connected("client");
    const { outcome } = begin(transport, asClient());
    const secure = serving(peer);
    expect(await outcome).toMatchObject({ handshake: { version: "TLSv1.3", resumed: false } });
    secure.write("331 and?\r\n");
    await until(() => heard.text === "331 and?\r\n");
    send(transport, "PASS secret\r\n");
    const [line] = (await once(secure, "data")) as [Buffer];
    expect(String(line)).toBe("PASS secret\r\n");
    abortTransport(transport);
    await heard.closed;
  });

  const expired = makeCertificate({ from: "20200101000000Z", to: "20210102000000Z" });
  test.each([
    ["whose authority is not trusted", second, {}, "unknown-ca", /signed by itself/],
    [
      "with a certificate for another name",
      made,
      { name: "else.example.net" },
      "certificate-name",
      /not for else\.example\.net/,
    ],
    [
      "with a certificate that has expired",
      expired,
      { ca: expired.cert },
      "certificate-expired",
      /expired on 2021-01-02/,
    ],
    ["with another key than the pin's", made, { pin: "AAAA" }, "certificate-pin", /sha256\//],
    ["with another key, and nothing else checked", made, { verify: false, pin: "AAAA" }, "certificate-pin", /sha256\//],
  ] as const)("a server %s is refused", async (_name, shown, tls, cause, detail) => {
    const { transport, peer, heard } = await connected("client");
    const { outcome } = begin(transport, asClient(tls));
    serving(peer, {}, shown);
    expect(await outcome).toMatchObject({ failure: { cause, detail: expect.stringMatching(detail) } });
    endTransport(transport);
    await heard.closed;
  });

  test("a server with the key of the pin is taken, whoever has signed its certificate", async () => {
    const { transport, peer } = await connected("client");
    const raw = Buffer.from(second.cert.replace(/-----.*-----|\s/g, ""), "base64");
    const { outcome } = begin(transport, asClient({ verify: false, pin: pinOf(raw) }));
    serving(peer, {}, second);
    expect(await outcome).toMatchObject({ handshake: {} });
    abortTransport(transport);
  });

  test("an address is checked as an address", async () => {
    const { transport, peer } = await connected("client");
    const { outcome } = begin(transport, asClient({ name: "127.0.0.1" }));
    serving(peer);
    expect(await outcome).toMatchObject({ handshake: {} });
    abortTransport(transport);
  });

  test("clear text instead of TLS is told as such", async () => {
    const { transport, peer, heard } = await connected("client");
    const { outcome } = begin(transport, asClient());
    peer.write("500 OOPS: something\r\n");
    expect(await outcome).toMatchObject({ failure: { cause: "not-tls" } });
    await heard.closed;
  });
});

describe.each(versions)("a session of the control connection is resumed (%s)", (version) => {
  const only = { minVersion: version, maxVersion: version };

  async function handshake(start: TlsStart, options: ConnectionOptions = {}) {
    const { transport, peer } = await connected("server");
    const { outcome } = begin(transport, start);
    const sessions: Buffer[] = [];
    const secure = connect({ socket: peer, ...trusting, ...only, ...options });
    secure.on("session", (session) => sessions.push(session));
    secure.on("error", () => {});
    const got = await outcome;
    if ("failure" in got) throw new Error(got.failure.detail);
    send(transport, "x");
    await once(secure, "data");
    abortTransport(transport);
    return { resumed: got.handshake.resumed, sessions };
  }

  test("by its ticket, again and again: who has used one is given another", async () => {
    let { sessions } = await handshake(asServer());
    for (let round = 0; round < 3; round++) {
      const next = await handshake(asServer(), { session: sessions.at(-1)! });
      expect(next.resumed).toBe(true);
      if (version === "TLSv1.3") expect(next.sessions.length).toBeGreaterThan(0);
      if (next.sessions.length > 0) ({ sessions } = next);
    }
  });

  test("and a ticket of a key that is not known is none, and ends nothing", async () => {
    const foreign: TicketKeys = [newTicketKey()];
    const { open, refusal } = createServerContext(serverTls, () => foreign, "renew");
    const { sessions } = await handshake({ open, refusal, mayEnd: false });
    expect(await handshake(asServer(), { session: sessions.at(-1)! })).toMatchObject({ resumed: false });
  });

  test("with the key before the last change, too", async () => {
    const before = newTicketKey();
    const old = createServerContext(serverTls, () => [before], "renew");
    const { sessions } = await handshake({ ...old, mayEnd: false });
    const now = createServerContext(serverTls, () => [newTicketKey(), before], "renew");
    expect(await handshake({ ...now, mayEnd: false }, { session: sessions.at(-1)! })).toMatchObject({ resumed: true });
  });

  test("where no tickets are given, none come, and those that come are taken", async () => {
    const none = createServerContext(serverTls, ring, "none");
    const start = { open: none.open, refusal: none.refusal, mayEnd: false };
    const { sessions } = await handshake(asServer());
    const resumed = await handshake(start, { session: sessions.at(-1)! });
    expect(resumed.resumed).toBe(true);
    if (version === "TLSv1.3") {
      expect(resumed.sessions).toEqual([]);
      expect((await handshake(start)).sessions).toEqual([]);
    }
  });
});

test("a client that takes no tickets resumes by the id of its session, from the store of its own control connection alone", async () => {
  const context = createServerContext(serverTls, ring, "renew");
  const stores = [createSessionStore(), createSessionStore()] as const;
  const { constants } = await import("node:crypto");
  const handshake = async (store: (typeof stores)[0], session?: Buffer) => {
    const { transport, peer } = await connected("server");
    const { outcome } = begin(transport, {
      open: (connection) => context.open(connection, store),
      refusal: context.refusal,
      mayEnd: false,
    });
    const secure = connect({
      ...{ socket: peer, ...trusting, maxVersion: "TLSv1.2", secureOptions: constants.SSL_OP_NO_TICKET },
      ...(session && { session }),
    });
    const got = await outcome;
    if ("failure" in got) throw new Error(got.failure.detail);
    const own = secure.getSession()!;
    abortTransport(transport);
    secure.on("error", () => {});
    return { resumed: got.handshake.resumed, session: own };
  };
  const { session } = await handshake(stores[0]);
  expect(stores[0].entries()).toHaveLength(1);
  expect(await handshake(stores[0], session)).toMatchObject({ resumed: true });
  expect(await handshake(createSessionStore(stores[0].entries()), session)).toMatchObject({ resumed: true });
  expect(await handshake(stores[1], session)).toMatchObject({ resumed: false });
});
