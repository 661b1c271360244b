// One PORT for several transfers, with a server that dials the announced port again, and with one that does not (D4.99).
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { download, fileBody } from "./fake-server.ts";
import { eprtLine, portLine, readAll } from "./ftp-dialogue.ts";
import { expectNothingLeft, setStage } from "./stage.ts";

/** A client's listener that stays for further data connections. */
async function keepListening(): Promise<{ port: number; next: () => Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async next() {
      const [socket] = (await once(server, "connection")) as [Socket];
      return socket;
    },
  };
}

describe("a server that lets a PORT stand", () => {
  test.each([
    ["PORT", "same", portLine],
    ["EPRT", "same", eprtLine],
    ["EPRT to PORT", "active", eprtLine],
  ] as const)("sends every file over one %s, as it does directly (D4.99)", async (_, mode, line) => {
    const { client, gateway, server } = await setStage({}, { serverSide: { mode } });
    const listener = await keepListening();
    expect(await client.ask(line(listener.port))).toMatch(/^200/);
    for (let count = 0; count < 5; count += 1) {
      const next = listener.next();
      client.write("RETR x\r\n");
      const data = await next;
      expect((await readAll(data)).bytes.equals(fileBody)).toBe(true);
      data.end();
      expect(await client.reply()).toMatch(/^150/);
      expect(await client.reply()).toMatch(/^226/);
    }
    expect(server.session.lines.filter((each) => /^(?:PORT|EPRT)/.test(each))).toHaveLength(1);
    await client.ask("QUIT");
    await expectNothingLeft(gateway);
  });

  test("takes every upload over one PORT, though the client's end of one is told after its 226 (D4.99)", async () => {
    const { client, gateway } = await setStage();
    const listener = await keepListening();
    await client.ask(portLine(listener.port));
    for (let count = 0; count < 5; count += 1) {
      const next = listener.next();
      client.write("STOR x\r\n");
      const data = await next;
      data.resume();
      data.end("12345");
      expect(await client.reply()).toMatch(/^150/);
      expect(await client.reply()).toBe("226 Got 5");
    }
    await client.ask("QUIT");
    await expectNothingLeft(gateway);
  });
});

test("a server that wants a PORT for each transfer says so to the client, and the port is given back (D4.99)", async () => {
  let isSpent = false;
  const { client, gateway } = await setStage({
    RETR(s, argument) {
      if (isSpent) s.say("425 Use PORT or PASV first.");
      else void download()(s, argument);
      isSpent = true;
    },
  });
  const listener = await keepListening();
  await client.ask(portLine(listener.port));
  const next = listener.next();
  client.write("RETR x\r\n");
  const data = await next;
  await readAll(data);
  data.end();
  expect([await client.reply(), await client.reply()].map((reply) => reply.slice(0, 3))).toEqual(["150", "226"]);
  expect(await client.ask("RETR x")).toBe("425 Use PORT or PASV first.");
  expect(await client.ask("NOOP")).toMatch(/^200/);
  await client.ask("QUIT");
  await expectNothingLeft(gateway);
});
