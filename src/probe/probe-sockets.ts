// Sockets of a probe: its control connection and its data connections, each telling what happens to it.
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createReplyReader } from "../ftp/reply-reader.ts";
import { parseAddress, type Endpoint } from "../net/endpoint.ts";
import type { ProbeTlsSocket } from "./probe-tls.ts";
import type { ProbeConnection, ProbeEvent } from "./report.ts";
import type { ProbeTls } from "./security.ts";

/** `host`: a literal address, or a name. `opening`: sent on the control connection before anything else, latin1. */
export type ProbeTarget = { readonly host: string; readonly port: number; readonly opening?: string };

export type ProbeControl = {
  /** The address of this machine that it has, once it is made. */
  local(): string | undefined;
  /** Adds the end of the line. */
  send(line: string): void;
  /** TLS from the next byte on. */
  secure(tls: ProbeTls): void;
  /** What its data connections resume. */
  session(): Uint8Array | undefined;
  /** Nothing is told any more. */
  close(): void;
};

export type ProbeData = {
  /** TLS from the first byte on, once it is connected. `session`: of the control connection. */
  secure(tls: ProbeTls, session: Uint8Array | undefined): void;
  /** Sends it (latin1) and ends. */
  upload(content: string): void;
  /** Nothing is told any more. */
  drop(): void;
};

type Tell = (event: ProbeEvent) => void;

const maxLineBytes = 8192;
/** What is kept of a data connection, to compare; the rest is counted. */
const mostKept = 64 * 1024;
const lineFeed = 10;

export function openProbeControl({ host, port, opening }: ProbeTarget, tell: Tell): ProbeControl {
  let reader = createReplyReader({ maxBytes: maxLineBytes });
  const raw = connect({ host, port, noDelay: true });
  let socket: Socket = raw;
  let session: Uint8Array | undefined;
  let isSecuring = false;
  let isHandshaking = false;
  let isClosing = false;
  let why: string | undefined;
  const lines = (events: ReturnType<typeof reader.feed>): void => {
    for (const event of events) {
      if (isClosing) return;
      if (isSecuring) return spokenTooSoon();
      if (event.kind === "line") tell({ kind: "line", text: event.text });
    }
  };
  const heard = (chunk: Buffer): void => {
    lines(reader.feed(chunk));
    if (isSecuring && chunk.at(-1) !== lineFeed) spokenTooSoon();
  };
  const spokenTooSoon = (): void => {
    if (isClosing) return;
    const what = "something was said in clear behind the reply to AUTH TLS";
    tell({ kind: "tls-failed", connection: "control", cause: "bytes-before-tls", why: what });
    raw.destroy();
  };
  const listen = (to: Socket): void => {
    to.on("data", heard);
    to.once("end", () => lines(reader.end()));
    to.once("error", (error) => (why = wordsOf(error)));
  };
  raw.once("connect", () => {
    if (opening !== undefined) raw.write(opening, "latin1");
    const local = endpointOf(raw.localAddress, raw.localPort);
    const remote = endpointOf(raw.remoteAddress, raw.remotePort);
    tell({ kind: "connected", local, remote });
  });
  raw.once("close", () => {
    if (!isClosing) tell({ kind: "closed", ...(why !== undefined && { why }) });
  });
  listen(raw);
  return {
    local: () => raw.localAddress,
    send: (line: string) => void (socket.writable && socket.write(`${line}\r\n`, "latin1")),
    secure(tls) {
      isSecuring = true;
      isHandshaking = true;
      raw.off("data", heard).pause();
      const opened = (secure: ProbeTlsSocket): void => {
        isSecuring = false;
        reader = createReplyReader({ maxBytes: maxLineBytes });
        socket = secure.socket;
        secure.socket.on("session", (given: Buffer) => (session = given));
      };
      startTls("control", raw, tls, undefined, opened, (event) => {
        if (isClosing) return;
        // Only whom it is meant for is heard.
        if (event.kind === "secured") {
          isHandshaking = false;
          listen(socket);
        }
        tell(event);
      });
    },
    session: () => session,
    close() {
      isClosing = true;
      // In the middle of a handshake nothing can be said any more.
      if (isHandshaking) return void raw.destroy();
      socket.end();
      socket.destroySoon();
    },
  };
}

function startTls(
  connection: ProbeConnection,
  raw: Socket,
  tls: ProbeTls,
  session: Uint8Array | undefined,
  opened: (secure: ProbeTlsSocket) => void,
  tell: Tell,
): void {
  const failed = (error: unknown): void =>
    tell({
      kind: "tls-failed",
      connection,
      cause: "failed",
      why: error instanceof Error ? error.message : String(error),
    });
  void import("./probe-tls.ts")
    .then(({ secureSocket }) => secureSocket(connection, raw, tls, session, opened, tell))
    .catch(failed);
}

/** An address of this machine to wait at, or where to connect to. */
type DataLeg = { readonly listenOn: string | undefined } | { readonly dial: Endpoint };

/** `isProtected`: nothing is read before it is secured. */
export function openProbeData(how: DataLeg, isProtected: boolean, happened: Tell): ProbeData {
  let server: Server | undefined;
  let raw: Socket | undefined;
  let socket: Socket | undefined;
  let secured: ProbeTlsSocket | undefined;
  let isDropped = false;
  let isUpload = false;
  const tell: Tell = (event) => {
    if (!isDropped) happened(event);
  };
  let received = "";
  let bytes = 0;
  let why: string | undefined;
  const read = (connection: Socket): void => {
    connection.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (received.length < mostKept) received += chunk.toString("latin1");
    });
    // The sender ends it; ours ends once the upload is sent.
    connection.once("end", () => connection.end());
    connection.on("error", (error) => (why ??= wordsOf(error)));
  };
  const use = (connection: Socket): void => {
    raw = connection;
    connection.on("error", (error) => (why ??= wordsOf(error)));
    connection.once("close", () => {
      // What goes up is the other's to judge.
      if (secured?.isCut() === true && !isUpload) why ??= "it ended without close_notify, and may be cut off";
      tell({ kind: "data-closed", received, bytes, ...(why !== undefined && { why }) });
    });
    if (isProtected) return;
    socket = connection;
    read(connection);
  };
  if ("dial" in how) {
    const { address, port } = how.dial;
    const connection = connect({ host: address, port, allowHalfOpen: true });
    use(connection);
    connection.once("connect", () => tell({ kind: "data-connected" }));
  } else {
    // What is not yet secured is not read.
    const listener = createServer({ allowHalfOpen: true, pauseOnConnect: isProtected }, (connection) => {
      // One is expected.
      listener.close();
      use(connection);
      tell({ kind: "data-connected" });
    });
    server = listener;
    listener.maxConnections = 1;
    listener.once("error", (error) => tell({ kind: "data-closed", received: "", bytes: 0, why: wordsOf(error) }));
    listener.listen({ host: how.listenOn, port: 0 }, () => {
      const { address, port } = listener.address() as AddressInfo;
      tell({ kind: "listening", endpoint: endpointOf(address, port) });
    });
  }
  return {
    secure(tls, session) {
      if (raw === undefined) return;
      const opened = (secure: ProbeTlsSocket): void => {
        secured = secure;
        socket = secure.socket;
      };
      startTls("data", raw, tls, session, opened, (event) => {
        if (event.kind === "secured" && socket !== undefined) read(socket);
        tell(event);
      });
    },
    upload(content: string) {
      isUpload = true;
      socket?.end(content, "latin1");
    },
    drop() {
      isDropped = true;
      server?.close();
      socket?.destroy();
      raw?.destroy();
    },
  };
}

/** IPv4 addresses as IPv4, whatever the socket says. */
function endpointOf(address = "", port = 0): Endpoint {
  return { address: parseAddress(address) ?? address, port };
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timed out",
  EHOSTUNREACH: "no way to that address",
  ENETUNREACH: "no way to that network",
  ECONNRESET: "reset",
  EPIPE: "reset",
  EPERM: "a packet filter of this machine forbids it",
  EACCES: "this machine forbids it",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name can't be resolved now",
  EADDRNOTAVAIL: "this machine has no such address",
};

function wordsOf({ code = "", message }: NodeJS.ErrnoException): string {
  return words[code] ?? message;
}
