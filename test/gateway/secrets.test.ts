// A password is nowhere but on the way to the server, whatever the client does with it: not in the log, at any level, not in
// a transcript, not in the metrics, not in a reply of ours.
import { describe, expect, test } from "vitest";
import type { Script } from "./fake-server.ts";
import { setClient, setGateway, setServer, until } from "./stage.ts";
import type { TestGateway } from "./start-gateway.ts";
import { sleep } from "../virtual-time.ts";

const secret = "Hunter2-xyzzy";

async function expectUntold(gateway: TestGateway): Promise<void> {
  const metrics = await gateway.metrics.text();
  const told = [metrics, JSON.stringify(gateway.log), gateway.transcript.join("\n")];
  for (const text of told) {
    expect(text).not.toContain(secret);
    expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
    expect(text).not.toContain(secret.slice(0, 7));
    expect(text).not.toContain(secret.slice(-6));
  }
}

const sayings: readonly (readonly [string, readonly string[]])[] = [
  ["in PASS", [`PASS ${secret}\r\n`]],
  ["in lower case", [`pass ${secret}\r\n`]],
  ["in mixed case, with blanks", [`  \tPaSs \t ${secret}\r\n`]],
  ["without a blank", [`PASS${secret}\r\n`]],
  ["behind HT", [`PASS\t${secret}\r\n`]],
  ["behind a vertical tab", [`PASS\v${secret}\r\n`]],
  ["ended by a bare LF", [`PASS ${secret}\n`]],
  ["in ACCT", [`ACCT ${secret}\r\n`]],
  ["in ACCT, lower case", [`acct ${secret}\r\n`]],
  ["with Telnet before it", [`\xff\xfb\x01PASS ${secret}\r\n`]],
  ["with Telnet inside the verb", [`PA\xff\xf1SS ${secret}\r\n`]],
  ["with Telnet inside itself", [`PASS ${secret.slice(0, 5)}\xff\xf1${secret.slice(5)}\r\n`]],
  ["split after the verb", ["PASS", ` ${secret}\r\n`]],
  ["split inside", [`PASS ${secret.slice(0, 5)}`, `${secret.slice(5)}\r\n`]],
  ["one byte a segment", `PASS ${secret}\r\n`.split("")],
  ["over-long", [`PASS ${secret}${"x".repeat(5000)}\r\n`]],
  ["over-long, at the end", [`PASS ${"x".repeat(5000)}${secret}\r\n`]],
  ["with a lone CR", [`PASS ${secret}\r${secret}\r\n`]],
  ["with a NUL", [`PASS ${secret}\0${secret}\r\n`]],
  ["with CR NUL", [`PASS a\r\0${secret}\r\n`]],
  ["behind control characters", [`\x01\x02PASS ${secret}\r\n`]],
  ["behind a remainder of urgent data", [`\xf2PASS ${secret}\r\n`]],
  ["twice", [`PASS ${secret}\r\nPASS ${secret}\r\n`]],
  ["in SITE PSWD", [`SITE PSWD old ${secret}\r\n`]],
  ["behind a PASS with two letters swapped", [`PSAS ${secret}\r\n`]],
  ["in OPEN", [`OPEN ftp://u:${secret}@ftp.example.com\r\n`]],
  ["in ADAT", [`ADAT ${secret}\r\n`]],
  ["unfinished, and gone", [`PASS ${secret}`]],
];

describe.each([
  ["to a server that asks for it", {}, "220 Ready"],
  ["before the greeting", {}, ""],
  ["to a server that rejects it", { PASS: (s: { say(line: string): void }) => s.say("530 No") }, "220 Ready"],
] as readonly (readonly [string, Script, string])[])("%s", (_, script, greeting) => {
  test.each(sayings)("a password %s is told to nobody else", async (__, segments) => {
    const server = await setServer(script, { greeting });
    const gateway = await setGateway(server.port);
    const client = await setClient(gateway);
    if (greeting !== "") {
      await client.reply();
      await client.ask("USER u");
    }
    for (const segment of segments) {
      client.write(segment);
      await sleep(1);
    }
    await sleep(15);
    if (greeting === "") server.sessions[0]?.say("220 late");
    client.socket.end();
    await client.rest();
    expect(client.segments.join("")).not.toContain(secret);
    await expectUntold(gateway);
  });
});

test("a password in the login route's USER line and after it is told to nobody else", async () => {
  const server = await setServer();
  const allow = [{ kind: "network", network: { base: "127.0.0.0", bits: 8 } }] as const;
  const gateway = await setGateway(server.port, { route: { kind: "login", allow } });
  const client = await setClient(gateway);
  await client.reply();
  expect(await client.ask(`PASS ${secret}`)).toMatch(/^530/);
  await client.ask(`USER u@127.0.0.1:${server.port}`);
  expect(await client.ask(`PASS ${secret}`)).toMatch(/^230/);
  expect(server.session.lines).toContain(`PASS ${secret}`);
  await expectUntold(gateway);
});

test("a password typed where a command belongs is not in the log, the transcript or the metrics", async () => {
  const server = await setServer();
  const gateway = await setGateway(server.port);
  const client = await setClient(gateway);
  await client.reply();
  await client.ask("USER u");
  expect(await client.ask(secret)).toMatch(/^502/);
  await expectUntold(gateway);
});

test("a session whose server dies at PASS tells the reason and not the password", async () => {
  const server = await setServer({ PASS: (s) => void s.socket.resetAndDestroy() });
  const gateway = await setGateway(server.port);
  const client = await setClient(gateway);
  await client.reply();
  await client.ask("USER u");
  client.write(`PASS ${secret}\r\n`);
  await client.rest();
  await until(() => gateway.log.some((line) => line["msg"] === "session ended"));
  await expectUntold(gateway);
});

test.each(["530", "421"])("a password that the server quotes in a %s is told to nobody else", async (code) => {
  const server = await setServer({ PASS: (s, argument) => s.say(`${code} ${argument} is wrong`) });
  const gateway = await setGateway(server.port);
  const client = await setClient(gateway);
  await client.reply();
  await client.ask("USER u");
  expect(await client.ask(`PASS ${secret}`)).toBe(`${code} ${secret} is wrong`);
  client.socket.end();
  await client.rest();
  await expectUntold(gateway);
});
