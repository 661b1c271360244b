// What clients say in PORT and EPRT (D3): what is believed of it, and what is refused.
import { describe, expect, test } from "vitest";
import { fileBody } from "./fake-server.ts";
import { eprtLine, listenData, portLine, readAll } from "./ftp-dialogue.ts";
import { activeSamples, setStage } from "./stage.ts";

async function downloadsAfter(announce: (port: number) => string, overrides = {}): Promise<string[]> {
  const { client, server } = await setStage({}, overrides);
  const listener = await listenData();
  expect(await client.ask(announce(listener.port))).toMatch(/^200/);
  client.write("RETR x\r\n");
  const { bytes } = await readAll(await listener.socket);
  expect(bytes.equals(fileBody)).toBe(true);
  return server.session.lines;
}

const high = (port: number): string => String(port >> 8);
const low = (port: number): string => String(port & 255);

describe("PORT is believed for its port alone", () => {
  test.each<[string, (port: number) => string]>([
    ["canonical", (port) => portLine(port)],
    ["in lower case (D3.34)", (port) => portLine(port).toLowerCase()],
    ["with leading zeros (D3.41)", (port) => `PORT 127,000,000,001,${high(port).padStart(3, "0")},${low(port)}`],
    ["with blanks after commas (D3.41)", (port) => `PORT 127, 0, 0, 1, ${high(port)}, ${low(port)}`],
    ["with 0.0.0.0 (D3.42)", (port) => portLine(port, "0.0.0.0")],
    ["with a private address (D3.42)", (port) => portLine(port, "192.168.1.100")],
    ["with a third host's address (D3.42)", (port) => portLine(port, "192.0.2.77")],
  ])("%s: the client is dialled, the server reads our canonical form", async (_, announce) => {
    const lines = await downloadsAfter(announce);
    expect(lines.findLast((line) => line.toUpperCase().startsWith("PORT"))).toMatch(/^PORT 127,0,0,1,\d+,\d+$/);
  });
});

describe("EPRT is believed for its port alone", () => {
  test.each<[string, (port: number) => string]>([
    ["canonical", (port) => eprtLine(port)],
    ["with another delimiter (D3.43)", (port) => `EPRT !1!127.0.0.1!${port}!`],
    ["with a third host's address (D3.42)", (port) => eprtLine(port, "192.0.2.77")],
  ])("%s: the client is dialled, the server reads our canonical form", async (_, announce) => {
    const lines = await downloadsAfter(announce);
    expect(lines.findLast((line) => line.startsWith("EPRT"))).toMatch(/^EPRT \|1\|127\.0\.0\.1\|\d+\|$/);
  });
});

describe("a third host is refused with 504 where policy says so (D3.42)", () => {
  const refuse = { policy: { foreignAddress: { kind: "refuse" as const } } };

  test.each(["PORT 192,0,2,77,200,10", "EPRT |1|192.0.2.77|51210|"])("%s", async (line) => {
    const { client, server } = await setStage({}, refuse);
    expect(await client.ask(line)).toMatch(/^504 /);
    expect(server.session.lines).toHaveLength(2);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("but 0.0.0.0 and the client's own address are not", async () => {
    await downloadsAfter((port) => portLine(port, "0.0.0.0"), refuse);
    await downloadsAfter((port) => portLine(port), refuse);
  });
});

describe("the rest is refused, opens nothing, and the session lives", () => {
  test.each([
    ["PORT with five numbers (D3.41)", "PORT 127,0,0,1,200", 501],
    ["PORT with seven numbers (D3.41)", "PORT 127,0,0,1,200,10,1", 501],
    ["PORT with an empty number (D3.41)", "PORT 127,0,0,1,,10", 501],
    ["PORT with 256 (D3.41)", "PORT 127,0,0,1,256,10", 501],
    ["PORT with a negative number (D3.41)", "PORT 127,0,0,1,-1,10", 501],
    ["PORT with words", "PORT here,please", 501],
    ["PORT without an argument", "PORT", 501],
    ["PORT 0", "PORT 127,0,0,1,0,0", 501],
    ["PORT below 1024 (D3.44)", "PORT 127,0,0,1,0,25", 504],
    ["PORT 1023 (D3.44)", "PORT 127,0,0,1,3,255", 504],
    ["EPRT without an argument", "EPRT", 501],
    ["EPRT with too few parts", "EPRT |1|127.0.0.1|", 501],
    ["EPRT with port 0", "EPRT |1|127.0.0.1|0|", 501],
    ["EPRT with port 65536", "EPRT |1|127.0.0.1|65536|", 501],
    ["EPRT below 1024 (D3.44)", "EPRT |1|127.0.0.1|80|", 504],
    ["EPRT with a name", "EPRT |1|localhost|51210|", 501],
    ["EPRT of the other family (D3.43)", "EPRT |2|::1|51210|", 522],
    ["EPRT of an unknown family (D3.43)", "EPRT |3|127.0.0.1|51210|", 522],
    ["EPRT with an address of the other family (D3.43)", "EPRT |1|::1|51210|", 501],
  ])("%s", async (_, line, code) => {
    const { client, server, gateway } = await setStage();
    expect(await client.ask(line)).toMatch(new RegExp(`^${code} `));
    expect(server.session.lines).toHaveLength(2);
    expect((await activeSamples(gateway)).filter((sample) => sample.includes("pinholes"))).toEqual([]);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("522 names the family of the control connection (D3.43)", async () => {
    const { client } = await setStage();
    expect(await client.ask("EPRT |2|::1|51210|")).toMatch(/^522 .*\(1\)$/);
  });
});

describe("garbage behind a command is not forwarded (D3.45)", () => {
  test("behind PASV", async () => {
    const { client, server } = await setStage();
    expect(await client.ask("PASV please")).toMatch(/^227/);
    expect(server.session.lines.at(-1)).toBe("PASV");
  });

  test("behind QUIT", async () => {
    const { client, server } = await setStage();
    expect(await client.ask("QUIT now")).toMatch(/^221/);
    expect(server.session.lines.at(-1)).toBe("QUIT");
  });
});

describe("the server's refusal of PORT", () => {
  test.each(["500 Unknown", "501 Bad", "425 No", "530 Log in"])(
    "%s reaches the client, nothing stays open",
    async (said) => {
      const { client, gateway } = await setStage({ PORT: (s) => s.say(said) });
      expect(await client.ask("PORT 127,0,0,1,200,10")).toBe(said);
      expect((await activeSamples(gateway)).filter((sample) => sample.includes("pinholes"))).toEqual([]);
      expect(await client.ask("NOOP")).toMatch(/^200/);
    },
  );
});
