// Sockets of a probe: its control connection and its data connections, each telling what happens to it.
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createReplyReader } from "../ftp/reply-reader.ts";
import { parseAddress, type Endpoint } from "../net/endpoint.ts";
import type { ProbeEvent } from "./report.ts";

/** `host`: a literal address, or a name. */
export type ProbeTarget = { readonly host: string; readonly port: number };

export type ProbeControl = {
  /** The address of this machine that it has, once it is made. */
  local(): string | undefined;
  /** Adds the end of the line. */
  send(line: string): void;
  /** Nothing is told any more. */
  close(): void;
};

export type ProbeData = {
  /** Sends it (latin1) and ends. */
  upload(content: string): void;
  /** Nothing is told any more. */
  drop(): void;
};

const maxLineBytes = 8192;
/** What is kept of a data connection, to compare; the rest is counted. */
const mostKept = 64 * 1024;

export function openProbeControl({ host, port }: ProbeTarget, tell: (event: ProbeEvent) => void): ProbeControl {
  const reader = createReplyReader({ maxBytes: maxLineBytes });
  const socket = connect({ host, port, noDelay: true });
  let isClosing = false;
  let why: string | undefined;
  const lines = (events: ReturnType<typeof reader.feed>): void => {
    for (const event of events) {
      if (isClosing) return;
      if (event.kind === "line") tell({ kind: "line", text: event.text });
    }
  };
  socket.once("connect", () => {
    const local = endpointOf(socket.localAddress, socket.localPort);
    const remote = endpointOf(socket.remoteAddress, socket.remotePort);
    tell({ kind: "connected", local, remote });
  });
  socket.on("data", (chunk) => lines(reader.feed(chunk)));
  socket.once("end", () => lines(reader.end()));
  socket.once("error", (error) => (why = wordsOf(error)));
  socket.once("close", () => {
    if (!isClosing) tell({ kind: "closed", ...(why !== undefined && { why }) });
  });
  return {
    local: () => socket.localAddress,
    send: (line: string) => void (socket.writable && socket.write(`${line}\r\n`, "latin1")),
    close() {
      isClosing = true;
      socket.end();
      socket.destroySoon();
    },
  };
}

/** An address of this machine to wait at, or where to connect to. */
type DataLeg = { readonly listenOn: string | undefined } | { readonly dial: Endpoint };

export function openProbeData(how: DataLeg, happened: (event: ProbeEvent) => void): ProbeData {
  let server: Server | undefined;
  let socket: Socket | undefined;
  let isDropped = false;
  const tell = (event: ProbeEvent): void => {
    if (!isDropped) happened(event);
  };
  const use = (connection: Socket): void => {
    socket = connection;
    let received = "";
    let bytes = 0;
    let why: string | undefined;
    connection.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (received.length < mostKept) received += chunk.toString("latin1");
    });
    // The sender ends it; ours ends once the upload is sent.
    connection.once("end", () => connection.end());
    connection.once("error", (error) => (why = wordsOf(error)));
    connection.once("close", () => tell({ kind: "data-closed", received, bytes, ...(why !== undefined && { why }) }));
  };
  if ("dial" in how) {
    const { address, port } = how.dial;
    const connection = connect({ host: address, port, allowHalfOpen: true });
    use(connection);
    connection.once("connect", () => tell({ kind: "data-connected" }));
  } else {
    const listener = createServer({ allowHalfOpen: true }, (connection) => {
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
    upload: (content: string) => void socket?.end(content, "latin1"),
    drop() {
      isDropped = true;
      server?.close();
      socket?.destroy();
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
