// A puppet: plain TCP in a namespace, moved by JSON lines on standard input and telling what happens on standard output.
import net from "node:net";
import { createInterface } from "node:readline";

export type Order =
  | { do: "connect"; id: number; host: string; port: number; localPort?: number; localAddress?: string }
  | { do: "listen"; id: number; host: string; port: number }
  | { do: "write"; id: number; data: string }
  | { do: "end" | "reset"; id: number };

export type Report =
  | { event: "connected" | "accepted"; id: number; from?: number; local: Address; remote: Address }
  | { event: "listening"; id: number; port: number }
  | { event: "data"; id: number; data: string }
  | { event: "end"; id: number }
  | { event: "closed"; id: number; error?: string };

export type Address = { address: string; port: number };

const sockets = new Map<number, net.Socket>();
// Accepted connections are numbered from here; the others by whoever moves the puppet.
let next = 1_000_000;

const report = (what: Report): void => {
  process.stdout.write(`${JSON.stringify(what)}\n`);
};

function watch(id: number, socket: net.Socket): void {
  sockets.set(id, socket);
  socket.setNoDelay(true);
  let error: string | undefined;
  socket.on("data", (chunk) => report({ event: "data", id, data: chunk.toString("base64") }));
  socket.on("end", () => report({ event: "end", id }));
  socket.on("error", (problem: NodeJS.ErrnoException) => {
    error = problem.code ?? problem.message;
  });
  socket.on("close", () => report({ event: "closed", id, ...(error === undefined ? {} : { error }) }));
}

const local = (socket: net.Socket): Address => ({ address: socket.localAddress ?? "", port: socket.localPort ?? 0 });
const remote = (socket: net.Socket): Address => ({ address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 });

function obey(order: Order): void {
  const { id } = order;
  switch (order.do) {
    case "connect": {
      const { host, port, localPort, localAddress } = order;
      const socket = net.connect({
        host,
        port,
        allowHalfOpen: true,
        ...(localPort === undefined ? {} : { localPort }),
        ...(localAddress === undefined ? {} : { localAddress }),
      });
      watch(id, socket);
      socket.on("connect", () => report({ event: "connected", id, local: local(socket), remote: remote(socket) }));
      return;
    }
    case "listen": {
      const server = net.createServer({ allowHalfOpen: true }, (socket) => {
        const accepted = next++;
        watch(accepted, socket);
        report({ event: "accepted", id: accepted, from: id, local: local(socket), remote: remote(socket) });
      });
      server.on("error", (error) => report({ event: "closed", id, error: error.message }));
      server.listen(order.port, order.host, () => {
        const bound = server.address();
        report({ event: "listening", id, port: bound !== null && typeof bound === "object" ? bound.port : 0 });
      });
      return;
    }
    case "write":
      sockets.get(id)?.write(Buffer.from(order.data, "base64"));
      return;
    case "end":
      sockets.get(id)?.end();
      return;
    case "reset":
      sockets.get(id)?.resetAndDestroy();
      return;
  }
}

if (import.meta.main) {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => obey(JSON.parse(line) as Order));
  lines.on("close", () => process.exit(0));
}
