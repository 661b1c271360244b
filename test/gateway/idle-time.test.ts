// The idle time is the client's to use up while nothing moves (D5.87, RFC 6384).
import { expect, test } from "vitest";
import { readAll } from "./ftp-dialogue.ts";
import { passive, setStage } from "./stage.ts";
import { passUntil, sleep } from "../virtual-time.ts";

test("a transfer that takes longer than the idle time is held, and the session idles only after it (D5.87)", async () => {
  const { client } = await setStage(
    {
      async RETR(s) {
        s.say("150 Slowly");
        const data = await s.data();
        for (let piece = 0; piece < 8; piece++) {
          data.write("x");
          await sleep(100);
        }
        data.end();
        s.say("226 Done");
      },
    },
    { timeouts: { idleMs: 300 } },
  );
  const data = await passive(client);
  const received = readAll(data);
  expect(await client.ask("RETR x")).toMatch(/^150 /);
  expect(await received).toEqual({ bytes: Buffer.from("xxxxxxxx"), end: "fin" });
  data.end();
  expect(await passUntil(client.rest())).toMatch(/^226 Done\r\n421 Idle .*\r\n$/);
});
