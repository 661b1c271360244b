// A server that looks into the queue of its passive socket when the transfer command comes, and answers 425 if nobody is there:
// the command must not overtake the data connection (D4.65).
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { FakeSession, Script } from "./fake-server.ts";
import { closed, dialData, listenData, portLine, portOf, readAll } from "./ftp-dialogue.ts";
import { setStage } from "./stage.ts";

/** Without a data connection at hand the transfer command is 425 at once. */
function impatientServer(): Script {
  const queues = new WeakMap<FakeSession, Socket[]>();
  const announce = async (s: FakeSession): Promise<number> => {
    const queue: Socket[] = [];
    queues.set(s, queue);
    const listener = createServer({ allowHalfOpen: true }, (socket) => {
      queue.push(socket.on("error", () => {}));
      listener.close();
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return (listener.address() as AddressInfo).port;
  };
  return {
    async PASV(s) {
      const port = await announce(s);
      s.say(`227 Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255})`);
    },
    async EPSV(s) {
      s.say(`229 Entering Extended Passive Mode (|||${await announce(s)}|)`);
    },
    async LIST(s) {
      const data = queues.get(s)?.shift();
      if (data === undefined) return s.say("425 Nobody is there");
      s.say("150 Here it comes");
      data.end("-rw-r--r--\r\n");
      data.resume();
      await closed(data);
      s.say("226 Done");
    },
  };
}

describe("a transfer command right behind the data connection of its client", () => {
  test.each(["PASV", "EPSV"] as const)("finds the server's made, fifty times: %s", async (mode) => {
    const { client } = await setStage(impatientServer());
    const replies: string[] = [];
    for (let time = 0; time < 50; time += 1) {
      const data = await dialData(portOf(await client.ask(mode)));
      const received = readAll(data);
      replies.push((await client.ask("LIST")).slice(0, 3));
      if (replies.at(-1) !== "150") break;
      await received;
      data.end();
      await client.reply();
    }
    expect(replies).toEqual(replies.map(() => "150"));
    expect(replies.length).toBe(50);
  });

  test("finds it made while the gateway is busy with others, and reads both connections in one turn", async () => {
    const { client } = await setStage(impatientServer());
    for (let time = 0; time < 20; time += 1) {
      const port = portOf(await client.ask("PASV"));
      const dialled = dialData(port);
      await new Promise((resolve) => setImmediate(resolve));
      client.write("LIST\r\n");
      // Nothing is read meanwhile.
      for (const until = Date.now() + 5; Date.now() < until;);
      const data = await dialled;
      const received = readAll(data);
      expect(await client.reply()).toMatch(/^150/);
      await received;
      data.end();
      expect(await client.reply()).toMatch(/^226/);
    }
  });

  test("finds it made for a client in active mode too, where the server is asked to be passive", async () => {
    const { client } = await setStage(impatientServer(), { serverSide: { mode: "passive" } });
    for (let time = 0; time < 20; time += 1) {
      const listener = await listenData();
      await client.ask(portLine(listener.port));
      expect(await client.ask("LIST")).toMatch(/^150/);
      const data = await listener.socket;
      expect((await readAll(data)).end).toBe("fin");
      data.end();
      expect(await client.reply()).toMatch(/^226/);
    }
  });
});
