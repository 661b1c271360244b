import { constants } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as dialTls, type SecureVersion } from "node:tls";
import { expect, test } from "vitest";
import { createServerContext } from "../../src/tls/server-context.ts";
import { createSessionStore, type SessionEntry } from "../../src/tls/session-store.ts";
import { serverLeg, ticketKeys } from "./tls-peers.ts";

/** What a handshake adds to the store, and what is in it then. */
async function kept(version: SecureVersion): Promise<{ added: SessionEntry[]; entries: number }> {
  const added: SessionEntry[] = [];
  const store = createSessionStore([], (entry) => added.push(entry));
  const { open } = createServerContext(serverLeg.tls, () => ticketKeys, "renew");
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const socket = connectTcp((listener.address() as { port: number }).port, "127.0.0.1");
  const [accepted] = (await once(listener, "connection")) as [Socket];
  const secured = open(accepted, store);
  secured.once("secure", () => setImmediate(() => secured.write("220\r\n")));
  const only = { minVersion: version, maxVersion: version };
  const client = dialTls({ socket, rejectUnauthorized: false, secureOptions: constants.SSL_OP_NO_TICKET, ...only });
  await once(client, "data");
  client.destroy();
  accepted.destroy();
  listener.close();
  return { added, entries: store.entries().length };
}

test("a session of TLS 1.2 is kept under its id, for clients that take no ticket", async () => {
  const { added, entries } = await kept("TLSv1.2");
  expect(added.map(({ id }) => id.length)).toEqual([32]);
  expect(entries).toBe(1);
});

test("sessions of TLS 1.3 are not kept: they are resumed by tickets alone", async () => {
  expect(await kept("TLSv1.3")).toEqual({ added: [], entries: 0 });
});
