// A gateway's TLS for tests: both sides with the same made certificate, and a client that says AUTH TLS itself, line by line.
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type ConnectionOptions, type SecureVersion, type TLSSocket } from "node:tls";
import type { ClientSideTls, GatewayTls, ServerSideTls } from "../../../src/gateway/options.ts";
import { made } from "../../tls/tls-peers.ts";

export type Wanted = { readonly client?: Partial<ClientSideTls>; readonly server?: Partial<ServerSideTls> };

export function terminating({ client = {}, server = {} }: Wanted = {}): GatewayTls {
  return {
    kind: "terminate",
    client: {
      ...{ certificates: [{ cert: made.certFile, key: made.keyFile }], require: "none", minVersion: "TLSv1.2" },
      ...{ ccc: false, sessionReuse: "prefer", truncation: "reset" },
      ...client,
    },
    server: {
      ...{ mode: "off", implicit: false, data: "private", verify: true, ca: made.certFile },
      ...{ name: "ftp.example.net", minVersion: "TLSv1.2", truncation: "reset" },
      ...server,
    },
  };
}

export type Spoken = {
  readonly socket: Socket;
  /** What TLS session it has last been given. */
  session(): Buffer | undefined;
  /** Says it, and returns the final reply. */
  say(line: string): Promise<string>;
  /** The next final reply; what is left when the connection ends. */
  reply(): Promise<string>;
};

const finalReply = /^(?:\d{3}-[^]*?^)?\d{3} [^\n]*\n/m;

export async function spoken(socket: Socket): Promise<Spoken> {
  let heard = "";
  let session: Buffer | undefined;
  const news = { changed: (): void => {} };
  socket.on("data", (chunk: Buffer) => {
    heard += String(chunk);
    news.changed();
  });
  socket.on("session", (given: Buffer) => (session = given));
  socket.on("error", () => {});
  socket.on("close", () => news.changed());
  const reply = async (): Promise<string> => {
    for (;;) {
      const [found] = finalReply.exec(heard) ?? [];
      if (found !== undefined) {
        heard = heard.slice(heard.indexOf(found) + found.length);
        // A 150 is not what is waited for.
        if (!found.startsWith("1")) return found.trim();
      } else if (socket.destroyed) return heard;
      else await new Promise<void>((resolve) => (news.changed = resolve));
    }
  };
  const say = (line: string): Promise<string> => {
    socket.write(`${line}\r\n`);
    return reply();
  };
  return { socket, session: () => session, say, reply };
}

export type Speech = { readonly version?: SecureVersion; readonly options?: ConnectionOptions };

/** The control connection of a client behind AUTH TLS. With its host, for Node resumes its session with no other. */
export async function authenticated(port: number, { version = "TLSv1.3", options = {} }: Speech = {}): Promise<Spoken> {
  const tcp = connectTcp(port, "127.0.0.1");
  await once(tcp, "data");
  tcp.write("AUTH TLS\r\n");
  await once(tcp, "data");
  const socket = connect({
    ...{ socket: tcp, host: "127.0.0.1", rejectUnauthorized: false, minVersion: version, maxVersion: version },
    ...options,
  });
  const client = await spoken(socket);
  await new Promise<void>((resolve) => {
    socket.once("secureConnect", () => resolve());
    socket.once("close", () => resolve());
  });
  return client;
}

/** One that has logged in, and has its data connections protected. */
export async function loggedIn(port: number, speech?: Speech): Promise<Spoken> {
  const client = await authenticated(port, speech);
  for (const line of ["USER anna", "PASS secret", "PBSZ 0", "PROT P"]) await client.say(line);
  return client;
}

export type DataEnd = { readonly resumed: boolean; readonly bytes: Buffer; readonly session: Buffer | undefined };

/** Connects to what EPSV has announced, and reads until the end or the break. */
export async function readData(epsv: string, options: ConnectionOptions): Promise<DataEnd> {
  const port = Number(/\|\|\|(\d+)\|/.exec(epsv)?.[1]);
  const socket: TLSSocket = connect({ ...{ host: "127.0.0.1", port, rejectUnauthorized: false }, ...options });
  const chunks: Buffer[] = [];
  let session: Buffer | undefined;
  let resumed = false;
  socket.on("session", (given: Buffer) => (session = given));
  socket.on("secureConnect", () => (resumed = socket.isSessionReused()));
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  await new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  return { resumed, bytes: Buffer.concat(chunks), session };
}
