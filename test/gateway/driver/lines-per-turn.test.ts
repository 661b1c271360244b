// No peer holds the event loop: a session gets a bounded number of lines a turn, and the others their turns between.
import { expect, onTestFinished, test } from "vitest";
import { createRelayPlane } from "../../../src/dataplane/relay/relay.ts";
import { setClient, setGateway, setServer, setStage } from "../stage.ts";

/** Turns of our process's event loop, in which the gateway and its peers run. */
function countTurns(): { readonly turn: number } {
  const counter = { turn: 0 };
  let immediate = setImmediate(count);
  onTestFinished(() => clearImmediate(immediate));
  return counter;

  function count(): void {
    counter.turn += 1;
    immediate = setImmediate(count);
  }
}

test("60,000 bytes of LF are taken over many turns, and another session's NOOP is answered in a few of them", async () => {
  const server = await setServer();
  const counter = countTurns();
  const linesInTurn = new Map<number, number>();
  const gateway = await setGateway(server.port, { limits: { badLines: 100_000 } }, createRelayPlane(), (event) => {
    if (event.kind === "client-line" && event.text === "")
      linesInTurn.set(counter.turn, (linesInTurn.get(counter.turn) ?? 0) + 1);
  });
  const flooding = await setClient(gateway);
  await flooding.login();
  const other = await setClient(gateway);
  await other.login();

  flooding.write("\n".repeat(60_000));
  const before = counter.turn;
  expect(await other.ask("NOOP")).toMatch(/^200 /);
  const taken = counter.turn - before;
  const linesBefore = [...linesInTurn.values()].reduce((sum, count) => sum + count, 0);
  expect(taken).toBeLessThanOrEqual(12);
  expect(linesBefore).toBeGreaterThan(0);
  expect(linesBefore).toBeLessThanOrEqual(32 * taken);
  // The first sixteen blank lines have no reply.
  for (let count = 16; count < 60_000; count += 1) await flooding.reply();
  expect([...linesInTurn.values()].reduce((sum, count) => sum + count, 0)).toBe(60_000);
  expect(Math.max(...linesInTurn.values())).toBeLessThanOrEqual(32);
}, 20_000);

test("a reply of up to 32 lines that came in one segment leaves in one write (D2.29)", async () => {
  const { client, server } = await setStage();
  const reply = `211-Features\r\n${" X\r\n".repeat(30)}211 End\r\n`;
  const before = client.segments.length;
  server.session.write(reply);
  expect(await client.reply()).toContain("211 End");
  expect(client.segments.slice(before)).toEqual([reply]);
});
