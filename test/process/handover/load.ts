// Load on a gateway while its process is replaced: logins at a constant rate, and downloads and uploads that last, two in each session.
// Whatever does not go as it does without a hand-over is written down.
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type FakeServer,
  type FakeServerOptions,
  type FakeSession,
  startFakeServer,
} from "../../gateway/fake-server.ts";
import { openDialogue } from "../../gateway/ftp-dialogue.ts";

export type Tally = {
  logins: number;
  transfers: number;
  bytes: number;
  /** What went wrong, in words. */
  readonly refused: string[];
  readonly cut: string[];
  readonly wrong: string[];
};

export type Load = {
  readonly tally: Tally;
  /** No new logins and sessions. Resolves when the last has ended. */
  stop(): Promise<void>;
};

const pieceBytes = 64 * 1024;
const pieces = 24;
const everyMs = 60;

/** The byte at each place says which place it is. */
const piece = (index: number): Buffer => Buffer.alloc(pieceBytes, `${index} the quick brown fox; `);
const whole = Buffer.concat(Array.from({ length: pieces }, (_, index) => piece(index)));

/** A server whose downloads last about a second and a half, and that tells from an upload whether it is the right one. */
export function startLoadServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  return startFakeServer(
    {
      async RETR(s: FakeSession) {
        s.say("150 Here it comes");
        const data = await s.data();
        for (let index = 0; index < pieces && !data.destroyed; index += 1) {
          data.write(piece(index));
          await sleep(everyMs);
        }
        data.end();
        await new Promise((resolve) => data.once("close", resolve).resume());
        s.say("226 Done");
      },
      async STOR(s: FakeSession) {
        s.say("150 Go on");
        const data = await s.data();
        const chunks: Buffer[] = [];
        data.on("data", (chunk: Buffer) => chunks.push(chunk));
        data.on("end", () => {
          data.end();
          s.say(Buffer.concat(chunks).equals(whole) ? "226 Right" : "226 Wrong");
        });
      },
    },
    options,
  );
}

/** `host` and `port`: of the gateway. */
export function startLoad(host: string, port: number, loginsPerSecond: number, transfers: number): Load {
  const tally: Tally = { logins: 0, transfers: 0, bytes: 0, refused: [], cut: [], wrong: [] };
  const running = new Set<Promise<void>>();
  const state = { isOver: false };
  const run = (work: Promise<void>): void => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };

  async function logIn(): Promise<void> {
    try {
      const client = await openDialogue(port, host);
      const said = [
        await client.reply(),
        await client.ask("USER u"),
        await client.ask("PASS p"),
        await client.ask("QUIT"),
      ];
      const codes = said.map((reply) => reply.slice(0, 3)).join(" ");
      if (codes !== "220 331 230 221") tally.refused.push(said.join(" / "));
      else tally.logins += 1;
      client.close();
    } catch (error) {
      tally.refused.push(String(error));
    }
  }

  async function transfer(isUpload: boolean): Promise<void> {
    const client = await openDialogue(port, host);
    try {
      await client.login();
      for (let round = 0; round < 2; round += 1) {
        const reply = await client.ask("EPSV");
        const dataPort = Number(/\|\|\|(\d+)\|/.exec(reply)?.[1] ?? 0);
        if (dataPort === 0) throw new Error(reply);
        const data = connect({ host, port: dataPort, allowHalfOpen: true });
        await once(data, "connect");
        const chunks: Buffer[] = [];
        data.on("data", (chunk: Buffer) => chunks.push(chunk));
        const ended = once(data, "end");
        const begun = await client.ask(isUpload ? "STOR x" : "RETR x");
        if (!begun.startsWith("150")) throw new Error(begun);
        if (isUpload) {
          for (let index = 0; index < pieces; index += 1) {
            data.write(piece(index));
            await sleep(everyMs);
          }
          data.end();
        }
        await ended;
        data.end();
        const done = await client.reply();
        if (!done.startsWith("226")) throw new Error(done);
        const isRight = isUpload ? done === "226 Right" : Buffer.concat(chunks).equals(whole);
        if (!isRight) tally.wrong.push(`${isUpload ? "upload" : "download"}: ${done}`);
        tally.transfers += 1;
        tally.bytes += whole.length;
        // Idle over the next hand-over, perhaps.
        await sleep(700);
      }
      await client.ask("QUIT");
    } catch (error) {
      tally.cut.push(String(error));
    } finally {
      client.close();
    }
  }

  async function transferAgain(isUpload: boolean): Promise<void> {
    while (!state.isOver) await transfer(isUpload).catch((error: unknown) => void tally.refused.push(String(error)));
  }

  const timer = setInterval(() => run(logIn()), 1000 / loginsPerSecond);
  for (let index = 0; index < transfers; index += 1) run(transferAgain(index % 2 === 1));
  return {
    tally,
    async stop() {
      state.isOver = true;
      clearInterval(timer);
      while (running.size > 0) await Promise.all(running);
    },
  };
}
