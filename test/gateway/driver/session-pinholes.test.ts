// Who gets through a pinhole, from where, and how many of them there are (D1.17, D4.72-76, D5.91-92).
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { download, fileBody } from "../fake-server.ts";
import { dialData, listenData, openDialogue, portLine, portOf, readAll } from "../ftp-dialogue.ts";
import {
  activeSamples,
  expectNothingLeft,
  passive,
  setClient,
  setGateway,
  setServer,
  setStage,
  until,
} from "../stage.ts";
import { sleep } from "../../virtual-time.ts";

const strangers = (side: string): string => `pinhole_strangers_total{gateway="test",side="${side}"}`;

describe("a stranger on the client side", () => {
  test("is reset, counted, and uses nothing up (D4.72)", async () => {
    const { client, gateway } = await setStage();
    const port = portOf(await client.ask("PASV"));
    for (let count = 0; count < 5; count += 1) {
      const stranger = await dialData(port, { localAddress: "127.0.0.2" });
      expect(await readAll(stranger)).toEqual({ bytes: Buffer.alloc(0), end: "reset" });
    }
    const received = readAll(await dialData(port));
    await client.ask("RETR x");
    expect((await received).bytes.equals(fileBody)).toBe(true);
    expect(await gateway.sample(strangers("client"))).toBe(5);
  });

  test("that races the client gets nothing (D4.72)", async () => {
    const { client } = await setStage();
    const port = portOf(await client.ask("PASV"));
    const racing = Promise.all(
      Array.from({ length: 10 }, async () => readAll(await dialData(port, { localAddress: "127.0.0.2" }))),
    );
    const received = readAll(await dialData(port));
    client.write("RETR x\r\n");
    expect((await received).bytes.equals(fileBody)).toBe(true);
    expect((await racing).every(({ bytes }) => bytes.length === 0)).toBe(true);
  });

  test("that comes second, from the client's own address, is refused (D4.72)", async () => {
    const { client } = await setStage();
    const port = portOf(await client.ask("PASV"));
    const received = readAll(await dialData(port));
    await sleep(20);
    expect((await readAll(await dialData(port))).end).toBe("reset");
    client.write("RETR x\r\n");
    expect((await received).bytes.equals(fileBody)).toBe(true);
  });

  test("of the same network is admitted where policy says so (D4.73)", async () => {
    const { client } = await setStage({}, { clientSide: { dataPeer: "same-network" } });
    const received = readAll(await dialData(portOf(await client.ask("PASV")), { localAddress: "127.0.0.9" }));
    client.write("RETR x\r\n");
    expect((await received).bytes.equals(fileBody)).toBe(true);
  });

  test("of another network is not, even then (D4.73)", async () => {
    const { client, gateway } = await setStage({}, { clientSide: { dataPeer: "same-network" } });
    const stranger = await dialData(portOf(await client.ask("PASV")), { localAddress: "127.0.1.1" });
    expect((await readAll(stranger)).end).toBe("reset");
    expect(await gateway.sample(strangers("client"))).toBe(1);
  });

  test("from anywhere is admitted where policy says `any` (D4.73)", async () => {
    const { client } = await setStage({}, { clientSide: { dataPeer: "any" } });
    const received = readAll(await dialData(portOf(await client.ask("PASV")), { localAddress: "127.5.6.7" }));
    client.write("RETR x\r\n");
    expect((await received).bytes.equals(fileBody)).toBe(true);
  });
});

describe("a stranger on the server side", () => {
  test("is reset, counted, and uses nothing up (D4.74)", async () => {
    const { client, gateway } = await setStage({
      async RETR(s, argument) {
        const thief = await s.data({ localAddress: "127.0.0.2" });
        expect((await readAll(thief)).end).toBe("reset");
        await download()(s, argument);
      },
    });
    const listener = await listenData();
    await client.ask(portLine(listener.port));
    client.write("RETR x\r\n");
    expect((await readAll(await listener.socket)).bytes.equals(fileBody)).toBe(true);
    expect(await gateway.sample(strangers("server"))).toBe(1);
  });

  test.each(["same-network", "any"] as const)(
    "is a cluster's other address where policy says `%s` (D4.74)",
    async (dataPeer) => {
      const { client } = await setStage(
        {
          async RETR(s) {
            s.say("150 Here it comes");
            (await s.data({ localAddress: "127.0.0.2" })).end(fileBody);
            s.say("226 Done");
          },
        },
        { serverSide: { dataPeer } },
      );
      const listener = await listenData();
      await client.ask(portLine(listener.port));
      client.write("RETR x\r\n");
      expect((await readAll(await listener.socket)).bytes.equals(fileBody)).toBe(true);
    },
  );

  test("is not, from another port of the server's than 20 (D4.74)", async () => {
    const { client } = await setStage();
    const listener = await listenData();
    await client.ask(portLine(listener.port));
    client.write("RETR x\r\n");
    expect((await readAll(await listener.socket)).bytes.equals(fileBody)).toBe(true);
  });
});

describe("a second announcement before the first was used", () => {
  const isOpen = async (port: number): Promise<boolean> => {
    const socket = await dialData(port, { localAddress: "127.0.0.2" });
    const isRefused = socket.destroyed;
    socket.destroy();
    return !isRefused;
  };

  test.each([
    ["PASV", "PASV"],
    ["PASV", "EPSV"],
    ["EPSV", "PASV"],
  ])("%s then %s: the newer one counts, the older port is closed (D1.17)", async (first, second) => {
    const { client, gateway } = await setStage();
    const old = portOf(await client.ask(first));
    const port = portOf(await client.ask(second));
    await until(async () => !(await isOpen(old)));
    expect((await activeSamples(gateway)).filter((sample) => sample.includes("pinholes_active"))).toHaveLength(1);
    const received = readAll(await dialData(port));
    await client.ask("RETR x");
    expect((await received).bytes.equals(fileBody)).toBe(true);
  });

  test("PORT then PASV: the newer one counts (D5.92)", async () => {
    const { client } = await setStage();
    const listener = await listenData();
    await client.ask(portLine(listener.port));
    const received = readAll(await passive(client));
    await client.ask("RETR x");
    expect((await received).bytes.equals(fileBody)).toBe(true);
    listener.close();
  });

  test("PASV then PORT: the newer one counts, the older port is closed (D5.92)", async () => {
    const { client } = await setStage();
    const old = portOf(await client.ask("PASV"));
    const listener = await listenData();
    await client.ask(portLine(listener.port));
    await until(async () => !(await isOpen(old)));
    client.write("RETR x\r\n");
    expect((await readAll(await listener.socket)).bytes.equals(fileBody)).toBe(true);
  });

  test("PASV a hundred times leaves one listener (D1.17)", async () => {
    const { client, gateway } = await setStage();
    for (let count = 0; count < 100; count += 1) await client.ask("PASV");
    await until(async () =>
      (await activeSamples(gateway))
        .filter((line) => line.includes("pinholes"))
        .join()
        .endsWith(" 1"),
    );
  });

  test("PASV a hundred times in one write leaves one listener (D1.17)", async () => {
    const { client, gateway } = await setStage();
    client.write("PASV\r\n".repeat(100));
    for (let count = 0; count < 100; count += 1) expect(await client.reply()).toMatch(/^227/);
    await until(async () =>
      (await activeSamples(gateway))
        .filter((line) => line.includes("pinholes"))
        .join()
        .endsWith(" 1"),
    );
  });

  test("with the client connected to the first already: that connection is reset (D1.17)", async () => {
    const { client } = await setStage();
    const data = await passive(client);
    const first = readAll(data);
    const received = readAll(await passive(client));
    expect((await first).end).toBe("reset");
    await client.ask("RETR x");
    expect((await received).bytes.equals(fileBody)).toBe(true);
  });
});

test("a pinhole that nobody uses is closed after its time, and gives a 425 then", async () => {
  const { client, gateway } = await setStage({}, { timeouts: { pinholeMs: 150 } });
  const port = portOf(await client.ask("PASV"));
  await sleep(149);
  expect(await activeSamples(gateway)).not.toHaveLength(1);
  await sleep(1 + 25);
  expect(await activeSamples(gateway)).toHaveLength(1);
  expect((await readAll(await dialData(port))).end).toBe("reset");
  expect(await client.ask("RETR x")).toMatch(/^425 /);
  const received = readAll(await passive(client));
  client.write("RETR x\r\n");
  expect((await received).bytes.equals(fileBody)).toBe(true);
});

test("a pinhole goes with its session (D4.71)", async () => {
  const { client, gateway } = await setStage();
  const port = portOf(await client.ask("PASV"));
  client.socket.resetAndDestroy();
  await expectNothingLeft(gateway);
  expect((await readAll(await dialData(port))).end).toBe("reset");
});

test("the address in 227 is the configured one, by network of the client first", async () => {
  const server = await setServer();
  const clientSide = {
    advertise: "203.0.113.7",
    advertiseTo: [{ clients: { base: "127.0.0.2", bits: 32 }, address: "10.0.0.1" }],
  };
  const gateway = await setGateway(server.port, { clientSide, serverSide: { advertise: "198.51.100.1" } });
  const client = await setClient(gateway);
  await client.login();
  expect(await client.ask("PASV")).toMatch(/\(203,0,113,7,/);
  await client.ask("PORT 127,0,0,1,200,10");
  expect(server.session.lines.at(-1)).toMatch(/^PORT 198,51,100,1,/);
  const near = await openDialogue(gateway.port, "127.0.0.1", "127.0.0.2");
  onTestFinished(() => near.close());
  await near.login();
  expect(await near.ask("PASV")).toMatch(/\(10,0,0,1,/);
});

test("a client's own listener is found at its own address, whatever the test machine has free", async () => {
  const spare = createServer().listen(0, "127.0.0.1");
  await once(spare, "listening");
  const { port } = spare.address() as AddressInfo;
  spare.close();
  const { client } = await setStage({}, { timeouts: { connectMs: 300 } });
  await client.ask(portLine(port));
  client.write("RETR x\r\n");
  // Its 150 may come before the refusal, or not at all.
  const first = await client.reply();
  const last = first.startsWith("1") ? await client.reply() : first;
  expect(last).toMatch(/^425 |^426 /);
});
