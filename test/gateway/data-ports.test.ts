// Which ports data connections use, on either side, and what happens when there are none (D4.75-76, D5.91).
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { fileBody } from "./fake-server.ts";
import { dialData, eprtLine, listenData, portLine, portOf, readAll } from "./ftp-dialogue.ts";
import { setClient, setGateway, setServer, setStage, until } from "./stage.ts";

/** A port range that no other test uses, and that the system doesn't hand out. */
let nextRange = 20_000 + (process.pid % 190) * 64;
function freshRange(size: number): { first: number; last: number } {
  const first = nextRange;
  nextRange += size;
  return { first, last: first + size - 1 };
}

describe("towards a client in active mode the data connection comes", () => {
  /** Where the data connection came from, for a gateway that listens on this port. */
  async function sourcePort(
    port: number,
    address = "127.0.0.1",
  ): Promise<{ from: number | undefined; others: number }> {
    const server = await setServer();
    const gateway = await setGateway(server.port, { listen: [{ address, port }] });
    const client = await setClient(gateway, address);
    await client.login();
    const listener = await listenData();
    await client.ask(portLine(listener.port));
    client.write("RETR x\r\n");
    const data = await listener.socket;
    const from = data.remotePort;
    expect((await readAll(data)).bytes.equals(fileBody)).toBe(true);
    return { from, others: await gateway.sample('quirks_total{gateway="test",quirk="other-source-port"}') };
  }

  test("from the control port − 1 (D4.75)", async () => {
    const { first } = freshRange(4);
    expect(await sourcePort(first + 1)).toEqual({ from: first, others: 0 });
  });

  test("from port 20 of a gateway on port 21 (D4.75)", async (context) => {
    // An address that no other process has: this test needs the port itself.
    const address = `127.${1 + (process.pid % 250)}.${process.ppid % 250}.21`;
    const outcome = sourcePort(21, address);
    await outcome.catch((error: unknown) => {
      if (String(error).includes("EACCES")) context.skip("this user may not listen on port 21");
    });
    expect(await outcome).toEqual({ from: 20, others: 0 });
  });

  test("from another port, counted, where that one is taken (D4.75)", async () => {
    const { first } = freshRange(4);
    const taker = createServer().listen(first, "127.0.0.1");
    onTestFinished(() => void taker.close());
    await once(taker, "listening");
    const { from, others } = await sourcePort(first + 1);
    expect(from).not.toBe(first);
    expect(others).toBe(1);
  });

  test("from the same port to two clients at once (D4.75)", async () => {
    const { first } = freshRange(4);
    const server = await setServer({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        data.write(fileBody);
      },
    });
    const gateway = await setGateway(server.port, { listen: [{ address: "127.0.0.1", port: first + 1 }] });
    const ports: (number | undefined)[] = [];
    for (let count = 0; count < 2; count += 1) {
      const client = await setClient(gateway);
      await client.login();
      const listener = await listenData();
      await client.ask(portLine(listener.port));
      client.write("RETR x\r\n");
      const data = await listener.socket;
      onTestFinished(() => void data.destroy());
      ports.push(data.remotePort);
    }
    expect(ports).toEqual([first, first]);
  });
});

describe("data ports", () => {
  test("come from the configured ranges of each side", async () => {
    const clientPorts = freshRange(10);
    const serverPorts = freshRange(10);
    const { client, server } = await setStage(
      {},
      { clientSide: { dataPorts: clientPorts }, serverSide: { dataPorts: serverPorts } },
    );
    const offered = portOf(await client.ask("PASV"));
    expect(offered >= clientPorts.first && offered <= clientPorts.last).toBe(true);
    await client.ask(eprtLine(51_210));
    const announced = Number(/\|(\d+)\|$/.exec(server.session.lines.at(-1) ?? "")?.[1]);
    expect(announced >= serverPorts.first && announced <= serverPorts.last).toBe(true);
  });

  test("are exhausted with a 425, counted, and the session lives (D5.91)", async () => {
    const { client, gateway } = await setStage({}, { clientSide: { dataPorts: freshRange(1) } });
    const other = await setClient(gateway);
    await other.login();
    expect(await other.ask("PASV")).toMatch(/^227 /);
    expect(await client.ask("PASV")).toMatch(/^425 /);
    expect(await client.ask("EPSV")).toMatch(/^425 /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    expect(await gateway.sample('refusals_total{gateway="test",reason="ports-exhausted"}')).toBe(2);
  });

  test("limit pinholesPerClient: a quarter of a range of eight or more is never one client's", async () => {
    const { client, gateway } = await setStage({}, { clientSide: { dataPorts: freshRange(8) } });
    const told = [(await client.ask("EPSV")).slice(0, 3)];
    for (let count = 0; count < 7; count += 1) {
      const session = await setClient(gateway);
      await session.login();
      told.push((await session.ask("EPSV")).slice(0, 3));
    }
    expect(told).toEqual([...Array<string>(6).fill("229"), "425", "425"]);
    const other = await setClient(gateway, "127.0.0.1", "127.0.0.2");
    await other.login();
    expect(await other.ask("EPSV")).toMatch(/^229/);
  });

  test("towards the server are exhausted with a 425 too (D5.91)", async () => {
    const { client, gateway } = await setStage({}, { serverSide: { dataPorts: freshRange(1) } });
    const other = await setClient(gateway);
    await other.login();
    expect(await other.ask("PORT 127,0,0,1,200,10")).toMatch(/^200 /);
    expect(await client.ask("PORT 127,0,0,1,200,10")).toMatch(/^425 /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("rest after use, while others are free (D4.76)", async () => {
    const range = freshRange(5);
    const { client, gateway } = await setStage({}, { clientSide: { dataPorts: range } });
    const ports = new Set<number>();
    for (let count = 0; count < 5; count += 1) {
      const port = portOf(await client.ask("PASV"));
      ports.add(port);
      const data = await dialData(port);
      const received = readAll(data);
      await client.ask("RETR x");
      await received;
      data.end();
      expect(await client.reply()).toMatch(/^226/);
    }
    expect(ports.size).toBe(5);
    const state = (word: string) => gateway.sample(`data_ports{gateway="test",side="client",state="${word}"}`);
    await until(async () => (await state("resting")) === 5);
    expect(await state("open")).toBe(0);
  });

  test("held by another program are passed over", async () => {
    const range = freshRange(2);
    const taker = createServer().listen(range.first, "127.0.0.1");
    onTestFinished(() => void taker.close());
    await once(taker, "listening");
    const { client } = await setStage({}, { clientSide: { dataPorts: range } });
    expect(portOf(await client.ask("PASV"))).toBe(range.last);
  });
});
