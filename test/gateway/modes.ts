// Data connections in each of the four modes, from a client's point of view, over either address family.
import type { Socket } from "node:net";
import type { Mode } from "../../src/session/mode.ts";
import type { Script } from "./fake-server.ts";
import { dialData, type Dialogue, eprtLine, listenData, portLine, portOf } from "./ftp-dialogue.ts";

export type Loopback = "127.0.0.1" | "::1";

export const modesOf: Readonly<Record<Loopback, readonly Mode[]>> = {
  "127.0.0.1": ["PORT", "EPRT", "PASV", "EPSV"],
  "::1": ["EPRT", "EPSV"],
};

/** Every pair of modes that exists, for each pair of families. */
export const modePairs = (["127.0.0.1", "::1"] as const).flatMap((clientHost) =>
  (["127.0.0.1", "::1"] as const).flatMap((serverHost) =>
    modesOf[clientHost].flatMap((clientMode) =>
      modesOf[serverHost].map((serverMode) => ({ clientHost, clientMode, serverHost, serverMode })),
    ),
  ),
);

const all: readonly Mode[] = ["PORT", "EPRT", "PASV", "EPSV"];

/** A server that knows this one mode. */
export function knowsOnly(mode: Mode, rejection = "500 Unknown command"): Script {
  return Object.fromEntries(
    all.filter((other) => other !== mode).map((other) => [other, (s: { say(line: string): void }) => s.say(rejection)]),
  );
}

/** `passive` or `active`: what makes the gateway speak this mode to a server that knows no other. */
export function serverModeFor(mode: Mode): "passive" | "active" {
  return mode === "PASV" || mode === "EPSV" ? "passive" : "active";
}

export type Announced = { readonly reply: string; readonly socket: Promise<Socket>; close(): void };

/** Says the command of that mode; the socket is connected at once in passive modes, and when it comes in active ones. */
export async function announce(client: Dialogue, mode: Mode, host: Loopback): Promise<Announced> {
  if (mode === "PASV" || mode === "EPSV") {
    const reply = await client.ask(mode);
    const socket = reply.startsWith("22") ? await dialData(portOf(reply), { host }) : undefined;
    return { reply, socket: Promise.resolve(socket as Socket), close: () => socket?.destroy() };
  }
  const listener = await listenData(host);
  const reply = await client.ask(mode === "PORT" ? portLine(listener.port) : eprtLine(listener.port, host));
  return { reply, ...listener };
}
