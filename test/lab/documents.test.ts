// The sessions of well-known descriptions of FTP, with their addresses and ports, against vsftpd: an active and a passive
// transfer between 192.168.1.100 and 10.0.0.5, a person who types, and the data port that is the command port − 1.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone, titleOfServer } from "./availability.ts";
import { fixedRoute, startGateway, type LabGateway } from "./gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import { startPuppet, type Puppet, type RawConnection } from "./puppet.ts";
import { startServer } from "./servers/server.ts";
import { addresses } from "./topology.ts";

const obstacle = await obstacleTo("vsftpd");
const vsftpd = await titleOfServer("vsftpd");
const content = "example of a file\r\n".repeat(40);

const clientAddress = addresses.client.IPv4;
const gatewayAddress = addresses.edgeToClient.IPv4;
const serverAddress = addresses.server.IPv4;

/** The two ends of the story: the same dialogue, with nothing between client and server, and with the NAT and us. */
const stages = [
  { name: "without NAT, firewall and gateway", edge: "open", control: serverAddress },
  { name: "through the gateway", edge: "nat", control: gatewayAddress },
] as const;

beforeEach((context) => requireNone(obstacle, context));

async function logIn(client: Puppet, host: string, port: number, localPort?: number): Promise<RawConnection> {
  const control = await client.connect(host, port, localPort);
  expect(await control.reply()).toMatch(/^220 /);
  expect(await control.command("USER anonymous")).toMatch(/^331 /);
  expect(await control.command("PASS anonymous@example.com")).toMatch(/^230 /);
  return control;
}

const port227 = (reply: string): { address: string; port: number } => {
  const numbers = /\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)/.exec(reply)?.slice(1).map(Number) ?? [];
  return { address: numbers.slice(0, 4).join("."), port: (numbers[4] ?? 0) * 256 + (numbers[5] ?? 0) };
};

for (const { name, edge, control: host } of stages) {
  describe(`${vsftpd} ${name}`, () => {
    let lab: Lab;
    let gateway: LabGateway | undefined;
    let client: Puppet;

    beforeAll(async () => {
      if (obstacle !== undefined) return;
      lab = await createLab({ edge });
      const passivePorts = [40_215, 40_215] as const;
      const low = await startServer(lab, "vsftpd", { passivePorts });
      const high = await startServer(lab, "vsftpd", { port: 2021 });
      for (const { home } of [low, high]) {
        await writeFile(path.join(home, "example.txt"), content);
        await writeFile(path.join(home, "hehe.txt"), "heheh");
      }
      if (edge === "nat") {
        const other = fixedRoute("IPv4", {}, { listen: 2121, server: 2021 });
        const narrow = fixedRoute("IPv4", { clientSide: { dataPorts: "52100-52103" } }, { listen: 2221, server: 21 });
        gateway = await startGateway(lab, [fixedRoute("IPv4"), other, narrow], {
          log: { level: "debug", format: "json" },
        });
      }
      client = await startPuppet(lab, "client");
    }, 60_000);

    afterAll(async () => {
      await lab?.remove();
    }, 30_000);

    const said = (): string => `the gateway logged:\n${gateway?.log().slice(-4000) ?? ""}`;

    test("PORT 192,168,1,100,10,21 is answered on port 2581, from port 20", async () => {
      const control = await logIn(client, host, 21, 1234);
      const listener = await client.listen(clientAddress, 2581);
      expect(await control.command("PORT 192,168,1,100,10,21")).toMatch(/^200 /);
      control.write("RETR example.txt\r\n");
      const data = await listener.accept();
      expect(data.remote, said()).toEqual({ address: host, port: 20 });
      expect(await control.reply()).toMatch(/^150 /);
      data.end();
      expect((await data.rest()).toString()).toBe(content);
      expect(await control.reply()).toMatch(/^226 /);
      expect(await control.command("QUIT")).toMatch(/^221 /);
    }, 30_000);

    test("227 (10,0,0,5,157,23) names the address of the control connection and leads to port 40215", async () => {
      const control = await logIn(client, host, 21, 1235);
      const reply = await control.command("PASV");
      const announced = port227(reply);
      expect(announced.address).toBe(host);
      if (edge === "open") expect(reply).toContain("(10,0,0,5,157,23)");
      const data = await client.connect(announced.address, announced.port, 1236);
      control.write("RETR example.txt\r\n");
      expect(await control.reply()).toMatch(/^150 /);
      data.end();
      expect((await data.rest()).toString()).toBe(content);
      expect(await control.reply(), said()).toMatch(/^226 /);
    }, 30_000);

    test("a person at telnet types pasv and retr hehe.txt in lower case, one character per segment", async () => {
      const control = await client.connect(host, 21);
      expect(await control.reply()).toMatch(/^220 /);
      await control.type("user anonymous\r\n");
      expect(await control.reply()).toMatch(/^331 /);
      await control.type("pass 1\r\n");
      expect(await control.reply()).toMatch(/^230 /);
      await control.type("pasv\r\n");
      const announced = port227(await control.reply());
      const data = await client.connect(announced.address, announced.port);
      await control.type("retr hehe.txt\r\n");
      expect(await control.reply()).toMatch(/^(125|150) /);
      data.end();
      expect((await data.rest()).toString()).toBe("heheh");
      expect(await control.reply(), said()).toMatch(/^226 /);
      await control.type("quit\r\n");
      expect(await control.reply()).toMatch(/^221 /);
    }, 30_000);

    test("RETR goes out before the data connection of PORT is acknowledged", async () => {
      const control = await logIn(client, host, 21);
      const listener = await client.listen(clientAddress, 2582);
      // One segment, as the Windows client's two are when the network is slower than the keyboard.
      control.write("PORT 192,168,1,100,10,22\r\nRETR hehe.txt\r\n");
      const data = await listener.accept();
      expect(await control.reply()).toMatch(/^200 /);
      expect(await control.reply()).toMatch(/^(125|150) /);
      data.end();
      expect((await data.rest()).toString()).toBe("heheh");
      expect(await control.reply(), said()).toMatch(/^226 /);
    }, 30_000);

    test("the data port is the command port − 1 where the command port is not 21", async () => {
      const [commandPort, dataPort] = edge === "nat" ? [2121, 2120] : [2021, 2020];
      const control = await logIn(client, host, commandPort);
      const listener = await client.listen(clientAddress, 2583);
      expect(await control.command("PORT 192,168,1,100,10,23")).toMatch(/^200 /);
      control.write("RETR hehe.txt\r\n");
      const data = await listener.accept();
      expect(data.remote, said()).toEqual({ address: host, port: dataPort });
      data.end();
      expect((await data.rest()).toString()).toBe("heheh");
      expect(await control.reply()).toMatch(/^150 /);
      expect(await control.reply()).toMatch(/^226 /);
    }, 30_000);

    if (edge === "nat") {
      test("the ports of a fixed passive range rest: none is announced again before all others were", async () => {
        const control = await logIn(client, host, 2221);
        const seen: number[] = [];
        for (let round = 0; round < 8; round++) {
          const announced = port227(await control.command("PASV"));
          seen.push(announced.port);
          const data = await client.connect(announced.address, announced.port);
          control.write("RETR hehe.txt\r\n");
          expect(await control.reply()).toMatch(/^150 /);
          data.end();
          expect((await data.rest()).toString()).toBe("heheh");
          expect(await control.reply(), said()).toMatch(/^226 /);
          // The port goes to rest when both ends of the data connection are closed.
          await sleep(20);
        }
        const range = [52_100, 52_101, 52_102, 52_103];
        expect(
          seen.slice(0, 4).toSorted((a, b) => a - b),
          said(),
        ).toEqual(range);
        expect(seen.slice(4), said()).toEqual(seen.slice(0, 4));
      }, 30_000);
    }
  });
}

describe(`${vsftpd} behind the NAT without the gateway`, () => {
  test("PORT 192,168,1,100,10,21 is refused, because it names another address than the control connection's", async () => {
    const lab = await createLab();
    try {
      await startServer(lab, "vsftpd");
      const client = await startPuppet(lab, "client");
      const control = await logIn(client, serverAddress, 21);
      expect(await control.command("PORT 192,168,1,100,10,21")).toBe("500 Illegal PORT command.");
    } finally {
      await lab.remove();
    }
  }, 30_000);
});
