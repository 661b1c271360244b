// What the tests of the embedded FTP server share: a server on loopback, a client on it, raw data connections.
import { connect, type Socket } from "node:net";
import { afterEach } from "vitest";
import { connectActiveClient, type ActiveClient } from "../../src/demo/active-client.ts";
import { startFtpServer, type FtpServer, type FtpServerOptions } from "../../src/demo/ftp-server.ts";

export const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

export async function serve(options: Partial<FtpServerOptions> = {}): Promise<FtpServer> {
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, ...options });
  cleanups.push(() => server.stop());
  return server;
}

export async function logIn(server: FtpServer, announce?: string): Promise<ActiveClient> {
  const client = await connectActiveClient(server.endpoint, announce === undefined ? {} : { announce });
  cleanups.push(() => client.close());
  await client.login("anna", "secret");
  return client;
}

export async function ask(client: ActiveClient, line: string): Promise<string> {
  return (await client.command(line)).text;
}

export function portOf(reply: string): number {
  const [, high, low] = /(\d+),(\d+)\)/.exec(reply) ?? [];
  return high === undefined ? Number(/\|(\d+)\|/.exec(reply)?.[1]) : Number(high) * 256 + Number(low);
}

export async function dial(port: number, host = "127.0.0.1"): Promise<Socket> {
  const socket = connect({ host, port });
  cleanups.push(() => void socket.destroy());
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

export async function readAll(socket: Socket): Promise<Buffer> {
  return Buffer.concat(await socket.toArray());
}
