// A gateway that is killed in the middle of transfers: the kernel closes its sockets, and what it tells the peers then must be
// no end of a file. A server that is given a FIN keeps a short file as a complete one.
import type { Socket } from "node:net";
import { describe, expect, test, vi } from "vitest";
import type { FakeSession } from "./fake-server.ts";
import { dialData, type Dialogue, listenData, openDialogue, portLine, portOf, readAll } from "./ftp-dialogue.ts";
import { spawnGateway } from "./spawned-gateway.ts";
import { setServer } from "./stage.ts";

// Each starts a process of its own.
vi.setConfig({ testTimeout: 20_000 });

/** More than what is relayed before it is spliced, and read to its end, so that nothing unread makes the kernel reset. */
const part = Buffer.alloc(4_000_000, "a part of a file, ");

const takePart = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes === part.length) resolve();
    });
    socket.resume();
  });

async function openData(client: Dialogue, mode: "PASV" | "PORT"): Promise<() => Promise<Socket>> {
  if (mode === "PASV") {
    const port = portOf(await client.ask("PASV"));
    return () => dialData(port);
  }
  const listener = await listenData();
  await client.ask(portLine(listener.port));
  return () => listener.socket;
}

describe.each(["relay", "splice"])("%s", (dataPlane) => {
  async function running(direction: "RETR" | "STOR", mode: "PASV" | "PORT") {
    let reached = (_: FakeSession, __: Socket): void => {};
    const atServer = new Promise<{ session: FakeSession; data: Socket }>((resolve) => {
      reached = (session, data) => resolve({ session, data });
    });
    const transfer = async (session: FakeSession) => {
      session.say("150 Here it comes");
      reached(session, await session.data());
    };
    const server = await setServer({ RETR: transfer, STOR: transfer });
    const route = { server: `127.0.0.1:${server.port}` };
    const gateway = spawnGateway([{ listen: ["127.0.0.1:0"], route, dataPlane }]);
    const { endpoint } = await gateway.logged("listening");
    const client = await openDialogue(Number(String(endpoint).split(":")[1]));
    await client.login();
    const data = await openData(client, mode);
    client.write(`${direction} x\r\n`);
    const [clientData, { session, data: serverData }] = await Promise.all([data(), atServer]);
    const [receiver, sender] = direction === "RETR" ? [clientData, serverData] : [serverData, clientData];
    const taken = takePart(receiver);
    sender.write(part);
    await taken;
    return { gateway, client, session, receiver, sender };
  }

  test.each([
    ["RETR", "PASV"],
    ["RETR", "PORT"],
    ["STOR", "PASV"],
    ["STOR", "PORT"],
  ] as const)(
    "killed in the middle of %s after %s, both peers are reset, neither reads an end",
    async (direction, mode) => {
      const { gateway, receiver, sender } = await running(direction, mode);
      const ends = [readAll(receiver), readAll(sender)];
      gateway.signal("SIGKILL");
      expect((await Promise.all(ends)).map(({ end }) => end)).toEqual(["reset", "reset"]);
    },
  );

  test("killed when a slow client has been given the end of its file, the file still arrives whole", async () => {
    const { gateway, client, session, receiver, sender } = await running("RETR", "PASV");
    receiver.pause();
    // Its socket holds that much while it reads nothing. The 226 is held until the end has been handed over.
    sender.end(part.subarray(0, 500_000), () => session.say("226 Done"));
    while (!(await client.reply()).startsWith("226"));
    gateway.signal("SIGKILL");
    await gateway.ended;
    const { bytes, end } = await readAll(receiver);
    expect({ bytes: bytes.length, end }).toEqual({ bytes: 500_000, end: "fin" });
  });
});
