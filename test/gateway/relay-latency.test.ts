// What the gateway itself adds to a line, as its metric has it.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { parseNetwork } from "../../src/net/endpoint.ts";
import { setClient, setGateway, setServer, until } from "./stage.ts";

test("the latency that the gateway adds is measured for each line, without the time that the server takes", async () => {
  const server = await setServer({
    async NOOP(session) {
      await sleep(300);
      session.say("200 At last");
    },
  });
  const gateway = await setGateway(server.port);
  const client = await setClient(gateway);
  await client.login();
  const lines = await gateway.sample('relay_latency_seconds_count{gateway="test"}');
  // The greeting, two commands, two replies.
  expect(lines).toBe(5);
  await client.ask("NOOP");
  expect(await gateway.sample('relay_latency_seconds_count{gateway="test"}')).toBe(lines + 2);
  const sum = await gateway.sample('relay_latency_seconds_sum{gateway="test"}');
  expect(sum).toBeGreaterThan(0);
  expect(sum).toBeLessThan(0.25);
});

/** The client names its server. */
const allow = [{ kind: "network" as const, network: parseNetwork("127.0.0.0/8")! }];
const login = { route: { kind: "login", allow } as const };

test("a login that waits for the server's greeting does not count that as the gateway's", async () => {
  const server = await setServer({}, { greeting: "" });
  const gateway = await setGateway(0, login);
  const client = await setClient(gateway);
  await client.reply();
  client.write(`USER anna@127.0.0.1:${server.port}\r\n`);
  await until(() => server.sessions.length === 1);
  await sleep(300);
  server.session.say("220 At last");
  expect(await client.reply()).toMatch(/^331 /);
  expect(await gateway.sample('relay_latency_seconds_count{gateway="test"}')).toBeGreaterThan(1);
  expect(await gateway.sample('relay_latency_seconds_sum{gateway="test"}')).toBeLessThan(0.25);
});

test("a line that led to nothing does not count what is said later for another reason", async () => {
  const server = await setServer({ RETR: () => {} });
  const gateway = await setGateway(server.port, { timeouts: { pinholeMs: 400 } });
  const client = await setClient(gateway);
  await client.login();
  await client.ask("PASV");
  client.write("RETR x\r\n");
  await sleep(50);
  // A blank line has no reply.
  client.write("\r\n");
  expect(await client.reply()).toMatch(/^425 /);
  expect(await gateway.sample('relay_latency_seconds_sum{gateway="test"}')).toBeLessThan(0.25);
});
