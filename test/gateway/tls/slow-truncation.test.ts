// Where Node does not let an end of TLS be told from a cut at no cost, it is told by the order of the ends: warned of, and as exact.
import { connect as connectTcp } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { expect, onTestFinished, test, vi } from "vitest";
import { startFtpServer } from "../../../src/demo/ftp-server.ts";
import { startGateway } from "../start-gateway.ts";
import { loggedIn, readData, type Spoken, terminating } from "./terminating.ts";

vi.mock("../../../src/tls/tls-self-test.ts", () => ({ truncationWay: () => Promise.resolve("order") }));

async function setGateway() {
  const files = { "a.txt": Buffer.from("abc") };
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files });
  onTestFinished(() => server.stop());
  const gateway = await startGateway(server.endpoint.port, { tls: terminating() });
  onTestFinished(() => gateway.stop());
  return { gateway, server };
}

/** Connected and under TLS, with the TCP socket beneath. */
async function dialData(client: Spoken) {
  const port = Number(/\|\|\|(\d+)\|/.exec(await client.say("EPSV"))?.[1]);
  const raw = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
  const secure = (): Promise<TLSSocket> =>
    new Promise((resolve) => {
      const session = client.session();
      const options = { socket: raw, host: "127.0.0.1", rejectUnauthorized: false, ...(session && { session }) };
      const socket = connect(options, () => resolve(socket.resume()));
      socket.on("error", () => {});
    });
  return { raw, secure };
}

test("uploads are whole with close_notify, and cut without, though the handle tells nothing", async () => {
  const { gateway, server } = await setGateway();
  expect(gateway.log).toContainEqual(
    expect.objectContaining({ level: "warn", msg: expect.stringContaining("slower way") as string }),
  );
  const client = await loggedIn(gateway.port);
  onTestFinished(() => void client.socket.destroy());
  const whole = await dialData(client);
  const stored = client.say("STOR whole");
  (await whole.secure()).end("content");
  expect(await stored).toMatch(/^226 /);
  expect(String(server.files.get("whole"))).toBe("content");
  const cut = await dialData(client);
  const refused = client.say("STOR cut");
  const socket = await cut.secure();
  socket.write("content", () => cut.raw.end());
  expect(await refused).toMatch(/^426 /);
  await expect.poll(() => JSON.stringify(gateway.log)).toContain("tls-truncated");
  expect(server.files.has("cut")).toBe(false);
});

test("downloads are whole", async () => {
  const { gateway } = await setGateway();
  const client = await loggedIn(gateway.port);
  onTestFinished(() => void client.socket.destroy());
  const announced = await client.say("EPSV");
  const retrieved = client.say("RETR a.txt");
  const { bytes } = await readData(announced, { session: client.session() });
  expect(String(bytes)).toBe("abc");
  expect(await retrieved).toMatch(/^226 /);
});
