// Data connections of the embedded FTP server: one per transfer, listened for or dialled, from the control peer only.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { familyOf, parseAddress, parsePortNumber, type Endpoint } from "../net/endpoint.ts";

/** What PORT, EPRT, PASV or EPSV prepared. `connect` is called once; `close` at any time. */
export type DataSource = { connect(withinMs: number): Promise<Socket>; close(): void };

/** How long the receiver of a download may take to close after our FIN, before it is taken as received. */
const peerCloseMs = 1000;

/** `192,168,1,100,10,21` of PORT. The gateway's own parsers are not used: its mistakes must show here. */
export function parsePortArgument(text: string): Endpoint | undefined {
  if (!/^\d{1,3}(,\d{1,3}){5}$/.test(text)) return undefined;
  const numbers = text.split(",").map(Number);
  if (numbers.some((number) => number > 255)) return undefined;
  const [high = 0, low = 0] = numbers.slice(4);
  return { address: numbers.slice(0, 4).join("."), port: high * 256 + low };
}

/** `|1|192.168.1.100|2581|`, `|2|fd00::1|2581|` of EPRT. */
export function parseExtendedArgument(text: string): (Endpoint & { readonly protocol: string }) | undefined {
  const [before, protocol = "", literal = "", digits = "", after, ...rest] = text.split(text.slice(0, 1));
  const address = parseAddress(literal);
  const port = parsePortNumber(digits);
  if (before !== "" || after !== "" || rest.length > 0 || address === undefined || port === undefined) return undefined;
  if (protocol !== (familyOf(address) === 4 ? "1" : "2") && /^[12]$/.test(protocol)) return undefined;
  return { protocol, address, port };
}

/** Listens on any free port of `address`. A stranger's connection is closed and does not use the listener up. */
export async function listenForData(address: string, expected: string): Promise<{ port: number; source: DataSource }> {
  let arrived: Socket | undefined;
  let settle: ((socket: Socket | undefined) => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on("error", () => {});
    if (arrived || parseAddress(socket.remoteAddress ?? "") !== expected) {
      socket.resetAndDestroy();
      return;
    }
    arrived = socket;
    listener.close();
    settle?.(socket);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen({ host: address, port: 0 }, resolve);
  });
  const close = () => {
    listener.close();
    arrived?.resetAndDestroy();
    settle?.(undefined);
  };
  const wait = (withinMs: number) =>
    new Promise<Socket>((resolve, reject) => {
      settle = (socket) => {
        clearTimeout(timer);
        if (socket) resolve(socket);
        else reject(new Error("nobody connected"));
      };
      if (arrived) settle(arrived);
      else timer = setTimeout(close, withinMs);
    });
  return { port: (listener.address() as AddressInfo).port, source: { connect: wait, close } };
}

/** Connects when the transfer starts, from any source port. */
export function dialForData(to: Endpoint, localAddress: string): DataSource {
  let socket: Socket | undefined;
  return {
    connect: (withinMs) =>
      new Promise<Socket>((resolve, reject) => {
        const dialled = connect({ host: to.address, port: to.port, localAddress, allowHalfOpen: true, noDelay: true });
        socket = dialled;
        const timer = setTimeout(() => dialled.destroy(), withinMs);
        let problem = "no answer";
        dialled.on("error", (error) => (problem = error.message));
        dialled.once("connect", () => {
          clearTimeout(timer);
          resolve(dialled);
        });
        dialled.once("close", () => {
          clearTimeout(timer);
          reject(new Error(problem));
        });
      }),
    close: () => socket?.destroy(),
  };
}

/** Sends all bytes and the FIN. Resolves once the peer has closed in turn; rejects if it broke the connection. */
export function sendBytes(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    let problem: string | undefined;
    let timer: NodeJS.Timeout | undefined;
    socket.on("error", (error) => (problem = error.message));
    socket.once("close", () => {
      clearTimeout(timer);
      if (problem === undefined && socket.writableFinished) resolve();
      else reject(new Error(problem ?? "closed"));
    });
    socket.resume();
    socket.end(bytes, () => {
      timer = setTimeout(() => socket.destroy(), peerCloseMs);
    });
    if (socket.destroyed) reject(new Error("closed"));
  });
}

/** Everything up to the peer's FIN; rejects if the connection broke before, or with more than `maxBytes`. */
export function receiveBytes(socket: Socket, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let total = 0;
    let problem = "closed";
    socket.on("error", (error) => (problem = error.message));
    socket.on("data", (chunk: Buffer) => {
      total += chunk.length;
      chunks.push(chunk);
      if (total <= maxBytes) return;
      problem = `more than ${maxBytes} bytes`;
      socket.resetAndDestroy();
    });
    socket.once("end", () => {
      resolve(Buffer.concat(chunks));
      socket.end();
    });
    socket.once("close", () => reject(new Error(problem)));
    socket.resume();
    if (socket.destroyed) reject(new Error("closed"));
  });
}
