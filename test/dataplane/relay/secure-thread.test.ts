import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { createSecureThread } from "../../../src/dataplane/relay/secure-thread.ts";
import type { CarriageEnd } from "../../../src/dataplane/userspace/carriage.ts";
import { serverLeg, source } from "../../tls/tls-peers.ts";

async function pair(): Promise<{ ours: Socket; peer: Socket }> {
  const listener = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const peer = connect((listener.address() as { port: number }).port, "127.0.0.1");
  const [ours] = (await once(listener, "connection")) as [Socket];
  listener.close();
  return { ours, peer };
}

test("a thread that dies resets what it carried, says so, and the next data connection has another", async () => {
  const thread = createSecureThread(new URL("./dying-worker.ts", import.meta.url));
  for (let round = 0; round < 2; round++) {
    const client = await pair();
    const server = await pair();
    const reset = Promise.all(
      [client.peer, server.peer].map(async (peer) => (await once(peer, "error"))[0] as NodeJS.ErrnoException),
    );
    const { promise: ended, resolve } = Promise.withResolvers<{ end: CarriageEnd; detail: string | undefined }>();
    thread.carry(
      { client: client.ours, server: server.ours, isDownHeld: false, tls: { client: source(serverLeg) } },
      { delivered() {}, ended: (end, _counts, detail) => resolve({ end, detail }) },
    );
    expect(await ended).toEqual({ end: "aborted", detail: "the TLS thread has died: as the test wants it" });
    expect((await reset).map(({ code }) => code)).toEqual(["ECONNRESET", "ECONNRESET"]);
  }
  await thread.stop();
});
