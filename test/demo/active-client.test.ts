import { createServer, type AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { connectActiveClient, formatActive } from "../../src/demo/active-client.ts";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import type { Endpoint } from "../../src/net/endpoint.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A server that says `lines` at once, whatever it hears. */
async function saying(lines: string): Promise<Endpoint> {
  const server = createServer((socket) => void socket.write(lines));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => server.close());
  return { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

test.each([
  ["PORT", { address: "192.168.1.100", port: 2581 }, "PORT 192,168,1,100,10,21"],
  ["EPRT", { address: "192.168.1.100", port: 2581 }, "EPRT |1|192.168.1.100|2581|"],
  ["EPRT", { address: "fd00::1", port: 2581 }, "EPRT |2|fd00::1|2581|"],
] as const)("%s announces %j as %s", (form, endpoint, line) => {
  expect(formatActive(form, endpoint)).toBe(line);
});

test("multi-line replies are one reply, whatever stands inside", async () => {
  const client = await connectActiveClient(await saying("220-Hello\r\n 220 not yet\r\n221 nor now\r\n220 End\r\n"));
  cleanups.push(() => client.close());
  const next = client.nextReply();
  client.close();
  await expect(next).rejects.toThrow("the control connection was closed");
});

test("a greeting that refuses rejects with its text", async () => {
  await expect(connectActiveClient(await saying("421 Too many\r\n"))).rejects.toThrow("greeting: 421 Too many");
});

test("a server that says nothing is given up after the time given", async () => {
  await expect(connectActiveClient(await saying(""), { timeoutMs: 30 })).rejects.toThrow("no reply within 30 ms");
});

test("a client that announces an address other than its own is refused by a careful server", async () => {
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files: { a: Buffer.from("a") } });
  cleanups.push(() => server.stop());
  const client = await connectActiveClient(server.endpoint, { announce: "192.168.1.100" });
  cleanups.push(() => client.close());
  await client.login("anna", "secret");
  await expect(client.download("PORT", "a")).rejects.toThrow("PORT: 500 Illegal PORT command.");
  await expect(client.upload("EPRT", "b", Buffer.from("b"))).rejects.toThrow("EPRT: 500 Illegal EPRT command.");
  await client.quit();
});
