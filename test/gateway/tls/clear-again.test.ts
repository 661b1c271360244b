// CCC through a whole gateway: a client's control connection goes under TLS and back, and its data stay protected.
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { startFtpServer } from "../../../src/demo/ftp-server.ts";
import type { GatewayTls } from "../../../src/gateway/options.ts";
import { made } from "../../tls/tls-peers.ts";
import { startGateway } from "../start-gateway.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const tls: GatewayTls = {
  kind: "terminate",
  client: {
    ...{ certificates: [{ cert: made.certFile, key: made.keyFile }], require: "login", minVersion: "TLSv1.2" },
    ...{ ccc: true, sessionReuse: "prefer", truncation: "reset" },
  },
  server: {
    ...{ mode: "off", implicit: false, data: "private", verify: true, ca: "system" },
    ...{ minVersion: "TLSv1.2", truncation: "reset" },
  },
};

/** Lines over whatever is on top just now. */
function lineClient(socket: Socket) {
  let text = "";
  const waiting: ((line: string) => void)[] = [];
  let over: Duplex = socket;
  /** What TLS reads, while there is TLS. */
  let beneath: Duplex | undefined;
  const heard = (chunk: Buffer): void => {
    text += chunk.toString("latin1");
    for (let end = text.indexOf("\r\n"); end !== -1 && waiting.length > 0; end = text.indexOf("\r\n")) {
      waiting.shift()?.(text.slice(0, end));
      text = text.slice(end + 2);
    }
  };
  socket.on("data", (chunk: Buffer) => (beneath === undefined ? heard(chunk) : beneath.push(chunk)));
  const line = (): Promise<string> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      heard(Buffer.alloc(0));
    });
  return {
    line,
    say(command: string): Promise<string> {
      over.write(`${command}\r\n`);
      return line();
    },
    async secure(): Promise<void> {
      beneath = new Duplex({
        read() {},
        write: (chunk: Buffer, _encoding, done) => socket.write(chunk, done),
        final: (done) => done(),
      });
      const secured = connectTls({ socket: beneath, rejectUnauthorized: false });
      secured.on("data", heard);
      await once(secured, "secureConnect");
      over = secured;
    },
    async clear(): Promise<void> {
      const secured = over as TLSSocket;
      if (!secured.readableEnded) await once(secured, "end");
      await new Promise<void>((resolve) => void secured.end(() => resolve()));
      [beneath, over] = [undefined, socket];
    },
  };
}

// D5.95
test("after CCC commands are clear text and translated, data are under TLS, and TLS can't begin again", async () => {
  const server = await startFtpServer({
    listen: { address: "127.0.0.1", port: 0 },
    files: { "a.txt": Buffer.from("hello\n") },
  });
  stops.push(server.stop);
  const gateway = await startGateway(server.endpoint.port, { tls });
  stops.push(gateway.stop);
  const socket = connectTcp(gateway.port, "127.0.0.1");
  stops.push(() => socket.destroy());
  const client = lineClient(socket);
  expect(await client.line()).toMatch(/^220 /);
  expect(await client.say("AUTH TLS")).toMatch(/^234 /);
  await client.secure();
  for (const [command, code] of [
    ...[["USER anna", "331"] as const, ["PASS secret", "230"] as const],
    ...[["PBSZ 0", "200"] as const, ["PROT P", "200"] as const],
  ]) {
    expect((await client.say(command)).slice(0, 3), command).toBe(code);
  }
  expect(await client.say("CCC")).toBe("200 CCC successful; clear text from here on.");
  await client.clear();
  const announced = await client.say("EPSV");
  const port = Number(/\|\|\|(\d+)\|/.exec(announced)?.[1]);
  const data = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
  let file = "";
  data.on("data", (chunk: Buffer) => (file += chunk.toString("latin1")));
  const [begun] = await Promise.all([client.say("RETR a.txt"), once(data, "end")]);
  expect(begun).toMatch(/^150 /);
  expect(await client.line()).toMatch(/^226 /);
  expect(file).toBe("hello\n");
  expect(await client.say("AUTH TLS")).toBe("503 AUTH refused after CCC.");
  expect(await client.say("USER bob")).toBe("530 USER refused: say AUTH TLS first.");
  expect(await client.say("QUIT")).toMatch(/^221 /);
}, 20_000);
