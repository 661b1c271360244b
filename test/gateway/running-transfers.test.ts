// Transfers that run, in the metrics: their bytes count while they are carried, not when all of them are.
import type { Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { DataPlane } from "../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../src/dataplane/relay/relay.ts";
import { loadSplicePlane } from "../../src/dataplane/splice/splice.ts";
import type { Script } from "./fake-server.ts";
import { passive, setClient, setGateway, setServer, until } from "./stage.ts";

/** More than what is relayed before it is spliced. */
const part = Buffer.alloc(3 * 1024 * 1024, "a part of a file, ");

const planes: Readonly<Record<string, () => DataPlane>> = {
  relay: createRelayPlane,
  splice() {
    const loaded = loadSplicePlane();
    if (!loaded.ok) throw new Error(loaded.reason);
    return loaded.plane;
  },
};

/** Reads `count` bytes, then reads no more. */
function take(socket: Socket, count: number): Promise<void> {
  let taken = 0;
  return new Promise((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      taken += chunk.length;
      if (taken < count) return;
      socket.removeAllListeners("data");
      socket.pause();
      resolve();
    });
    socket.resume();
  });
}

describe.each(Object.keys(planes))("%s", (name) => {
  async function stage(script: Script) {
    const server = await setServer(script);
    const plane = planes[name]!();
    const gateway = await setGateway(server.port, {}, plane);
    onTestFinished(() => plane.stop());
    const client = await setClient(gateway);
    await client.login();
    const bytes = (direction: "download" | "upload"): Promise<number> =>
      gateway.sample(`transfer_bytes_total{gateway="test",direction="${direction}",plane="${name}"}`);
    const active = (): Promise<number> => gateway.sample(`transfers_active{gateway="test",plane="${name}"}`);
    return { gateway, client, bytes, active };
  }

  test("the bytes of a slow download are counted while it runs, and in the end they are those of its end", async () => {
    let go = (): void => {};
    const released = new Promise<void>((resolve) => (go = resolve));
    const { gateway, client, bytes, active } = await stage({
      async RETR(session) {
        session.say("150 Here it comes");
        const data = await session.data();
        data.write(part);
        await released;
        data.end(part);
        session.say("226 Done");
      },
    });
    const data = await passive(client);
    client.write("RETR x\r\n");
    await take(data, part.length);
    await until(async () => (await bytes("download")) === part.length);
    expect(await active()).toBe(1);
    expect(await bytes("download")).toBe(part.length);

    go();
    await take(data, part.length);
    data.end();
    await until(async () => (await active()) === 0);
    expect(await bytes("download")).toBe(2 * part.length);
    await until(() => gateway.log.some(({ msg }) => msg === "transfer ended"));
    expect(gateway.log.find(({ msg }) => msg === "transfer ended")).toMatchObject({ bytesDown: 2 * part.length });
    expect(await bytes("download")).toBe(2 * part.length);
    expect(await bytes("upload")).toBe(0);
  });

  test("the bytes of an upload that is given up count as far as it came", async () => {
    const { client, bytes, active } = await stage({
      async STOR(session) {
        session.say("150 Go on");
        const data = await session.data();
        await take(data, part.length);
      },
    });
    const data = await passive(client);
    client.write("STOR x\r\n");
    data.write(part);
    await until(async () => (await bytes("upload")) === part.length);
    expect(await active()).toBe(1);
    data.resetAndDestroy();
    await until(async () => (await active()) === 0);
    expect(await bytes("upload")).toBe(part.length);
  });
});
