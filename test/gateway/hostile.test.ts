// Attack by noise: a server and a client that say anything at any time, in any pieces, and leave in any way. Whatever they
// do, no fault of ours comes of it, the session comes to its end, and nothing is left. The seed repeats a failure.
import { expect, test } from "vitest";
import type { ServerMode } from "../../src/session/mode.ts";
import type { FakeSession, Script } from "./fake-server.ts";
import { dialData, openDialogue } from "./ftp-dialogue.ts";
import { activeSamples, setGateway, setServer } from "./stage.ts";
import { passUntilTrue, sleep } from "../virtual-time.ts";

type Dice = {
  /** From 0 up to but not including `below`. */
  number(below: number): number;
  pick<T>(from: readonly T[]): T;
};

/** Park–Miller. */
function dice(seed: number): Dice {
  let state = seed;
  const number = (below: number): number => {
    state = (state * 16_807) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * below);
  };
  return { number, pick: (from) => from[number(from.length)]! };
}

const commands = [
  ...["USER u", "PASS p", "PASV", "EPSV", "EPSV 1", "EPSV ALL", "PORT 127,0,0,1,4,5", "EPRT |1|127.0.0.1|2000|"],
  ...["PORT 1,2,3", "RETR x", "STOR x", "LIST", "ABOR", "\xff\xf4\xff\xf2ABOR", "NOOP", "STAT", "REIN", "QUIT", "FEAT"],
  ...[
    "AUTH TLS",
    "XYZZY",
    "",
    " ",
    "A\0B",
    "A\rB",
    "\xff\xfb\x01NOOP",
    "x".repeat(5000),
    "REST 5",
    "TYPE I",
    "ALGS STATUS64",
  ],
];

const replies = [
  ...["150 Go", "125 Go", "226 Done", "250 Done", "200 ok", "200-a\r\n b\r\n200 c", "425 No", "426 Broken", "550 No"],
  ...["421 Bye", "331 More", "230 In", "530 Out", "227 (127,0,0,1,4,5)", "229 (|||1029|)", "227 nothing", "999 What"],
  ...["", "no code", "211-open", "211", "226-open", "220 again", "\x80\xff\x00", "120 soon"],
];

function hostileServer({ number, pick }: Dice): Script {
  async function answer(s: FakeSession): Promise<void> {
    const count = number(3);
    for (let at = 0; at < count; at += 1) {
      if (number(4) === 0) await sleep(number(10));
      const text = `${pick(replies)}\r\n`;
      const cut = number(text.length + 1);
      s.write(text.slice(0, cut));
      if (number(3) === 0) await sleep(2);
      s.write(text.slice(cut));
    }
    if (number(40) === 0) s.socket.end();
    if (number(40) === 0) s.socket.resetAndDestroy();
  }
  async function transfer(s: FakeSession): Promise<void> {
    if (number(3) > 0) s.say("150 Go");
    const data = await Promise.race([s.data().catch(() => undefined), sleep(40)]);
    if (data && !data.destroyed) {
      if (number(2) === 0) data.write("some bytes");
      const farewell = number(3);
      if (farewell === 0) data.end();
      if (farewell === 1) data.resetAndDestroy();
    }
    await answer(s);
  }
  async function passive(s: FakeSession): Promise<void> {
    const port = await s.listen();
    if (number(4) === 0) return answer(s);
    s.say(number(2) === 0 ? `227 (127,0,0,1,${port >> 8},${port & 255})` : `229 (|||${port}|)`);
  }
  const script: Record<string, (s: FakeSession) => Promise<void>> = { PASV: passive, EPSV: passive };
  for (const verb of ["RETR", "STOR", "LIST"]) script[verb] = transfer;
  for (const verb of [
    "USER",
    "PASS",
    "NOOP",
    "STAT",
    "ABOR",
    "REIN",
    "QUIT",
    "FEAT",
    "XYZZY",
    "PORT",
    "EPRT",
    "TYPE",
  ]) {
    script[verb] = answer;
  }
  return script;
}

async function hostileClient(port: number, { number, pick }: Dice): Promise<void> {
  const client = await openDialogue(port);
  const dialled: { destroy(): void }[] = [];
  const turns = 5 + number(25);
  for (let turn = 0; turn < turns && !client.socket.destroyed && client.socket.writable; turn += 1) {
    const text = Array.from({ length: 1 + number(4) }, () => `${pick(commands)}${pick(["\r\n", "\n", "\r\n"])}`).join(
      "",
    );
    const cut = number(text.length + 1);
    client.write(text.slice(0, cut));
    if (number(2) === 0) await sleep(number(6));
    client.write(text.slice(cut));
    const announced = /22[79] [^\r\n]*[(|](\d+)\|?\)/.exec(client.segments.slice(-2).join(""));
    const tuple = /227 [^\r\n]*?(\d+),(\d+)\)/.exec(client.segments.slice(-2).join(""));
    const at = tuple ? Number(tuple[1]) * 256 + Number(tuple[2]) : Number(announced?.[1] ?? 0);
    if (at > 1024 && number(2) === 0) {
      const data = await dialData(at);
      dialled.push(data);
      data.resume();
      if (number(2) === 0) data.write("upload");
      if (number(3) === 0) data.end();
      if (number(4) === 0) data.resetAndDestroy();
    }
  }
  if (number(3) === 0) client.socket.resetAndDestroy();
  else if (number(2) === 0) client.close();
  else client.socket.end();
  await sleep(5);
  for (const data of dialled) data.destroy();
}

const timeouts = { lingerMs: 60, idleMs: 700, loginMs: 700, pinholeMs: 150, dataStallMs: 200, connectMs: 200 };

test.each([1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) => (["same", "auto"] as const).map((mode) => [seed, mode] as const)))(
  "noise on both sides, seed %i, server mode %s",
  async (seed, mode: ServerMode) => {
    const script = hostileServer(dice(seed * 7919));
    const server = await setServer(script, { greeting: seed % 4 === 0 ? "" : "220 Hello" });
    const gateway = await setGateway(server.port, { serverSide: { mode }, timeouts });
    const clients = Array.from({ length: 12 }, (_, index) =>
      hostileClient(gateway.port, dice(seed * 1000 + index + 1)),
    );
    await Promise.all(clients);
    await passUntilTrue(async () => (await activeSamples(gateway)).length === 0, 6000);
    expect(gateway.log.filter((line) => line["reason"] === "internal-error")).toEqual([]);
    const count = (message: string): number => gateway.log.filter((line) => line["msg"] === message).length;
    expect(count("session ended")).toBe(count("session started"));
  },
  12_000,
);
