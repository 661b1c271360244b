// Honest sessions: many that are held, and that list, download and upload now and then; every byte and every reply is checked.
import { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "basic-ftp";
import { isPattern } from "../dataplane/pattern.ts";
import { dialData, listenData, openDialogue, portLine, portOf, readAll } from "../gateway/ftp-dialogue.ts";
import { clientAddress, patternOf, type Site } from "./gateway.ts";

export type Tally = {
  /** Of a NOOP, in milliseconds, with the time of the run at which it was answered. */
  readonly replies: { readonly at: number; readonly ms: number }[];
  transfers: number;
  bytes: number;
  wrongBytes: number;
  lostReplies: number;
  /** What went wrong, by its text. */
  readonly complaints: Map<string, number>;
};

type SoakClient = {
  noop(): Promise<void>;
  /** Whether what came is what was asked for. */
  download(size: number): Promise<boolean>;
  upload(size: number): Promise<boolean>;
  close(): void;
};

const sizes = [1024, 1024, 1024, 65_536, 65_536, 1_000_000, 3_000_000];
const replyMs = 30_000;
const thinkMs = 40_000;

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

type Place = Pick<Site, "host" | "port">;

async function scripted({ host: gateway, port }: Place, number: number): Promise<SoakClient> {
  // Each client has an address of its own where there are so many: on loopback.
  const own = gateway === "127.0.0.1" ? clientAddress(number) : undefined;
  const client = await openDialogue(port, gateway, own);
  const host = own ?? client.socket.localAddress ?? "";
  await client.login();
  const expect = (reply: string, code: string): void => {
    if (!reply.startsWith(code)) throw new Error(`${code} was expected: ${reply}`);
  };
  async function transfer(command: string) {
    if (Math.random() < 0.5) {
      const reply = await client.ask("PASV");
      expect(reply, "227");
      client.write(`${command}\r\n`);
      return await dialData(portOf(reply), { host: gateway, localAddress: host });
    }
    const listener = await listenData(host);
    expect(await client.ask(portLine(listener.port, host)), "200");
    client.write(`${command}\r\n`);
    return await listener.socket;
  }
  return {
    noop: async () => expect(await client.ask("NOOP"), "200"),
    async download(size) {
      const data = await transfer(`RETR ${size}`);
      const { bytes, end } = await readAll(data);
      data.end();
      expect(await client.reply(), "150");
      expect(await client.reply(), "226");
      return end === "fin" && bytes.length === size && isPattern(0, bytes);
    },
    async upload(size) {
      const data = await transfer("STOR x");
      expect(await client.reply(), "150");
      data.end(patternOf(size));
      data.resume();
      const reply = await client.reply();
      expect(reply, "226");
      return reply === `226 Got ${size}`;
    },
    close: () => client.close(),
  };
}

/** A client that is a library of others. */
async function library({ host, port }: Place): Promise<SoakClient> {
  const client = new Client(replyMs);
  await client.access({ host, port, user: "u", password: "p" });
  return {
    async noop() {
      await client.send("NOOP");
    },
    async download(size) {
      let at = 0;
      let isIntact = true;
      const sink = new Writable({
        write(chunk: Buffer, _, done) {
          isIntact &&= isPattern(at, chunk);
          at += chunk.length;
          done();
        },
      });
      await client.downloadTo(sink, String(size));
      return isIntact && at === size;
    },
    async upload(size) {
      return (await client.uploadFrom(Readable.from([patternOf(size)]), "x")).message.startsWith(`226 Got ${size}`);
    },
    close: () => client.close(),
  };
}

/** Holds the sessions for so long. */
export async function holdSessions(place: Place, count: number, ms: number): Promise<Tally> {
  const tally: Tally = { replies: [], transfers: 0, bytes: 0, wrongBytes: 0, lostReplies: 0, complaints: new Map() };
  const clients: SoakClient[] = [];
  for (let number = 0; number < count; number += 50) {
    const numbers = Array.from({ length: Math.min(50, count - number) }, (_, index) => number + index);
    clients.push(
      ...(await Promise.all(numbers.map((one) => (one % 40 === 0 ? library(place) : scripted(place, one))))),
    );
  }
  const began = performance.now();
  const until = began + ms;

  async function once(client: SoakClient): Promise<void> {
    if (Math.random() < 0.6) {
      const asked = performance.now();
      await client.noop();
      tally.replies.push({ at: asked - began, ms: performance.now() - asked });
      return;
    }
    const size = pick(sizes);
    const isRight = await (Math.random() < 0.6 ? client.download(size) : client.upload(size));
    tally.transfers += 1;
    tally.bytes += size;
    if (!isRight) tally.wrongBytes += 1;
  }

  async function live(client: SoakClient): Promise<void> {
    for (;;) {
      const pause = Math.random() * thinkMs;
      if (performance.now() + pause > until) break;
      await sleep(pause);
      const given = new AbortController();
      const late = sleep(replyMs, undefined, { signal: given.signal }).then(() =>
        Promise.reject(new Error("no reply")),
      );
      try {
        await Promise.race([once(client), late]);
      } catch (error) {
        tally.lostReplies += 1;
        const text = error instanceof Error ? error.message : String(error);
        tally.complaints.set(text, (tally.complaints.get(text) ?? 0) + 1);
        break;
      } finally {
        given.abort();
        late.catch(() => {});
      }
    }
  }

  await Promise.all(clients.map(live));
  for (const client of clients) client.close();
  return tally;
}
