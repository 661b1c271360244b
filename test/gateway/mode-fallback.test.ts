// A server that cannot do what it is asked: the next mode, a memory of it, and in the end a 425 that says what was tried.
import { describe, expect, test } from "vitest";
import type { ServerMode } from "../../src/session/mode.ts";
import { type Answer, fileBody, type Script } from "./fake-server.ts";
import { listenData, portLine, readAll } from "./ftp-dialogue.ts";
import { activeSamples, downloadWhole, expectNothingLeft, passive, setClient, setStage } from "./stage.ts";
import { passUntil, passUntilTrue, sleep } from "../virtual-time.ts";

const says =
  (line: string): Answer =>
  (s) =>
    s.say(line);

const rejections = ["500 Unknown", "501 Bad", "502 Not implemented", "504 No", "522 Not (1)"];

function asked(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^(?:PORT|EPRT|PASV|EPSV)/.exec(line) ?? []);
}

async function downloads(script: Script, mode: ServerMode) {
  const { client, server, gateway } = await setStage(script, { serverSide: { mode } });
  expect((await downloadWhole(client)).bytes.equals(fileBody)).toBe(true);
  return { client, server, gateway };
}

describe("mode `passive`", () => {
  test.each([...rejections, "229 Entering Extended Passive Mode (garbage)", "200 Whatever"])(
    "takes PASV when EPSV is answered with %s",
    async (line) => {
      const { server } = await downloads({ EPSV: says(line) }, "passive");
      expect(asked(server.session.lines)).toEqual(["EPSV", "PASV"]);
    },
  );

  test("asks a server that rejects EPSV for PASV at once, the second time, also in another session", async () => {
    const { client, server, gateway } = await downloads({ EPSV: says("500 Unknown") }, "passive");
    await passive(client);
    expect(asked(server.session.lines)).toEqual(["EPSV", "PASV", "PASV"]);
    const other = await setClient(gateway);
    await other.login();
    await passive(other);
    expect(asked(server.session.lines)).toEqual(["PASV"]);
    await sleep(10);
    expect(gateway.log).toContainEqual(expect.objectContaining({ msg: "server rejects mode", mode: "EPSV" }));
  });

  test("says in a 425 what was tried when nothing works, and the session lives", async () => {
    const script = { EPSV: says("500 No EPSV here"), PASV: says("502 No PASV either") };
    const { client, gateway } = await setStage(script, { serverSide: { mode: "passive" } });
    expect(await client.ask("PASV")).toMatch(/^425 .*EPSV.*500 No EPSV here.*PASV.*502 No PASV either/);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    expect((await activeSamples(gateway)).filter((sample) => sample.includes("pinholes"))).toEqual([]);
  });

  test.each(["530 Log in first", "425 Not now", "421 Bye"])("gives the client the server's own %s", async (line) => {
    const { client, server } = await setStage({ EPSV: says(line) }, { serverSide: { mode: "passive" } });
    expect(await client.ask("PASV")).toBe(line);
    expect(asked(server.session.lines)).toEqual(["EPSV"]);
  });

  test("tries PASV with a server that answers EPSV with a port below 1024", async () => {
    const script = { EPSV: says("229 Entering Extended Passive Mode (|||25|)") };
    const { server } = await downloads(script, "passive");
    expect(asked(server.session.lines)).toEqual(["EPSV", "PASV"]);
  });
});

describe("mode `active`", () => {
  test.each(rejections)("takes EPRT when PORT is answered with %s", async (line) => {
    const { server } = await downloads({ PORT: says(line) }, "active");
    expect(asked(server.session.lines)).toEqual(["PORT", "EPRT"]);
  });

  test("announces the same port in the second attempt: one listener, not two", async () => {
    const { server } = await downloads({ PORT: says("500 Unknown") }, "active");
    const [port = "", eprt = ""] = server.session.lines.filter((line) => /^(?:PORT|EPRT)/.test(line));
    const [p1 = 0, p2 = 0] = port.match(/\d+/g)?.slice(-2).map(Number) ?? [];
    expect(eprt).toBe(`EPRT |1|127.0.0.1|${p1 * 256 + p2}|`);
  });

  test("says in a 425 what was tried when nothing works, and gives the port back", async () => {
    const script = { PORT: says("500 No PORT"), EPRT: says("500 No EPRT") };
    const { client, gateway } = await setStage(script, { serverSide: { mode: "active" } });
    expect(await client.ask("PASV")).toMatch(/^425 .*PORT.*500 No PORT.*EPRT.*500 No EPRT/);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    expect((await activeSamples(gateway)).filter((sample) => sample.includes("pinholes"))).toEqual([]);
  });
});

describe("mode `auto`", () => {
  test("takes an active mode when the server rejects both passive ones", async () => {
    const script = { EPSV: says("502 No"), PASV: says("502 No") };
    const { server } = await downloads(script, "auto");
    expect(asked(server.session.lines)).toEqual(["EPSV", "PASV", "PORT"]);
  });

  test("goes through all four", async () => {
    const script = { EPSV: says("502 No"), PASV: says("502 No"), PORT: says("502 No") };
    const { server } = await downloads(script, "auto");
    expect(asked(server.session.lines)).toEqual(["EPSV", "PASV", "PORT", "EPRT"]);
  });

  test("says in a 425 what was tried when nothing works", async () => {
    const no = says("502 No");
    const { client } = await setStage({ EPSV: no, PASV: no, PORT: no, EPRT: no }, { serverSide: { mode: "auto" } });
    const listener = await listenData();
    expect(await client.ask(portLine(listener.port))).toMatch(/^425 .*EPSV.*PASV.*PORT.*EPRT/);
    listener.close();
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });
});

describe("mode `same`", () => {
  test.each(rejections)("gives the client the server's own %s, in whatever mode it asked", async (line) => {
    const no = says(line);
    const { client } = await setStage({ EPSV: no, PASV: no, PORT: no, EPRT: no });
    for (const command of ["EPSV", "PASV", "PORT 127,0,0,1,200,10", "EPRT |1|127.0.0.1|51210|"]) {
      expect(await client.ask(command)).toBe(line);
    }
  });
});

describe("a server that answers PASV with silence", () => {
  test("is not waited for beyond the idle time", async () => {
    const { client } = await setStage({ PASV: () => {} }, { timeouts: { idleMs: 250 } });
    client.write("PASV\r\n");
    expect(await passUntil(client.rest())).toMatch(/^421 .*\r\n$/);
  });

  test("does not keep the client from leaving", async () => {
    const { client, gateway } = await setStage({ PASV: () => {} }, { timeouts: { idleMs: 5000, lingerMs: 200 } });
    client.write("PASV\r\n");
    client.close();
    await expectNothingLeft(gateway, passUntilTrue);
  });
});

test("a server that closes its data port again after 227 gives the client a 425 or 426 and no hang", async () => {
  const { client } = await setStage({
    PASV: says("227 Entering Passive Mode (127,0,0,1,4,1)"),
    RETR: says("150 Here it comes"),
  });
  const received = readAll(await passive(client));
  client.write("RETR x\r\n");
  const replies = [await client.reply()];
  if (replies[0]?.startsWith("150")) replies.push(await client.reply());
  expect(replies.at(-1)).toMatch(/^42[56] /);
  expect((await received).end).toBe("reset");
  expect(await client.ask("NOOP")).toMatch(/^200/);
});

test("FEAT names what the gateway supplies where it converts, and not what it refuses", async () => {
  const feat = says("211-Features:\r\n AUTH TLS\r\n PBSZ\r\n SIZE\r\n211 End");
  const { client } = await setStage({ FEAT: feat }, { serverSide: { mode: "passive" } });
  expect(await client.ask("FEAT")).toBe("211-Features:\n SIZE\n EPRT\n EPSV\n211 End");
  const { client: same } = await setStage({ FEAT: feat });
  expect(await same.ask("FEAT")).toBe("211-Features:\n SIZE\n211 End");
});

test.each([
  "211-Features:\r\nSIZE\r\nMDTM\r\n211 End",
  "211-Features:\r\n    SIZE\r\n\tMDTM\r\n211 End",
  "211 none",
  "500 What?",
])("FEAT in an odd form is passed on: %j (D2.32)", async (body) => {
  const { client } = await setStage({ FEAT: says(body) });
  expect(await client.ask("FEAT")).toBe(body.replaceAll("\r\n", "\n"));
});
