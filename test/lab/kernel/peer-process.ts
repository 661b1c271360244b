// The FTP peers' data sockets in a network namespace: listens, dials, sends and breaks as it is told, one JSON value a line.
import { createInterface } from "node:readline";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { isPattern, patternAt } from "../../dataplane/pattern.ts";

export type PeerCommand =
  /** The connection that comes is `id`; `serve`: every one is sent so many bytes and a FIN, and is not told of. */
  | { readonly do: "listen"; readonly id: number; readonly address: string; readonly serve?: number }
  | {
      readonly do: "dial";
      readonly id: number;
      readonly address: string;
      readonly port: number;
      readonly from?: string;
      readonly fromPort?: number;
    }
  /** Answered when everything is written; `flood` at once. */
  | { readonly do: "send" | "flood"; readonly id: number; readonly bytes: number }
  | { readonly do: "fin" | "reset" | "pause" | "resume" | "unlisten" | "received"; readonly id: number };

export type PeerEvent =
  | { readonly id: number; readonly connected: { address: string; port: number } }
  | { readonly id: number; readonly failed: string }
  | { readonly id: number; readonly ended: "fin" | "reset"; readonly received: number; readonly isIntact: boolean };

const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const sockets = new Map<number, Socket>();
const servers = new Map<number, Server>();

const received = new Map<number, number>();
const sent = new Map<number, number>();

function watch(id: number, socket: Socket) {
  sockets.set(id, socket);
  let isIntact = true;
  let isOver = false;
  const over = (ended: "fin" | "reset") => {
    if (!isOver) say({ id, ended, received: received.get(id) ?? 0, isIntact });
    isOver = true;
  };
  socket.on("data", (chunk: Buffer) => {
    const before = received.get(id) ?? 0;
    isIntact &&= isPattern(before, chunk);
    received.set(id, before + chunk.length);
  });
  socket.once("end", () => over("fin"));
  socket.on("error", () => over("reset"));
}

async function write(id: number, bytes: number): Promise<object> {
  for (let left = bytes; left > 0;) {
    const socket = sockets.get(id);
    if (!socket || socket.destroyed) break;
    const offset = sent.get(id) ?? 0;
    const chunk = patternAt(offset, left);
    sent.set(id, offset + chunk.length);
    left -= chunk.length;
    await new Promise((resolve) => socket.write(chunk, resolve));
  }
  return {};
}

function obey(command: PeerCommand): object | Promise<object> {
  switch (command.do) {
    case "listen": {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        if (command.serve !== undefined) {
          socket.on("error", () => {});
          socket.resume();
          return void socket.end(Buffer.alloc(command.serve));
        }
        watch(command.id, socket);
        say({ id: command.id, connected: { address: socket.remoteAddress, port: socket.remotePort } });
      });
      servers.set(command.id, server);
      return new Promise((resolve) => {
        server.listen(0, command.address, () => resolve({ port: (server.address() as AddressInfo).port }));
      });
    }
    case "unlisten":
      servers.get(command.id)?.close();
      return {};
    case "dial": {
      const { id, address, port, from, fromPort } = command;
      const socket = connect({
        host: address,
        port,
        allowHalfOpen: true,
        ...(from !== undefined && { localAddress: from }),
        ...(fromPort !== undefined && { localPort: fromPort }),
      });
      sockets.set(id, socket);
      const failed = (error: NodeJS.ErrnoException) => say({ id, failed: error.code });
      socket.once("error", failed);
      socket.once("connect", () => {
        socket.off("error", failed);
        watch(id, socket);
        say({ id, connected: { address, port } });
      });
      return {};
    }
    case "send":
      return write(command.id, command.bytes);
    case "flood":
      void write(command.id, command.bytes);
      return {};
    case "fin":
      sockets.get(command.id)?.end();
      return {};
    case "reset":
      sockets.get(command.id)?.resetAndDestroy();
      return {};
    case "pause":
      sockets.get(command.id)?.pause();
      return {};
    case "resume":
      sockets.get(command.id)?.resume();
      return {};
    case "received":
      return { received: received.get(command.id) ?? 0 };
  }
}

say({ tag: 0 });
for await (const line of createInterface({ input: process.stdin })) {
  const { tag, ...command } = JSON.parse(line) as PeerCommand & { tag: number };
  // What takes its time does not keep others waiting.
  void Promise.resolve(obey(command)).then((answer) => say({ tag, ...answer }));
}
process.exit(0);
