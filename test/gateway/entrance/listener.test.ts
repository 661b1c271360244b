import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { openListener } from "../../../src/gateway/entrance/listener.ts";
import { loadFfi } from "../../../src/sockets/ffi.ts";
import { descriptorOf } from "../../../src/sockets/socket-handle.ts";
import { abortTransport, type Transport } from "../../../src/sockets/transport.ts";
import { sendUrgent } from "../../dataplane/urgent.ts";
import { testedSockets } from "../../sockets/tested-sockets.ts";
import { spawnGateway } from "../spawned-gateway.ts";
import { setStage, until } from "../stage.ts";

const intercepting = (keys: object = {}) => ({ listen: ["127.0.0.1:0"], route: { transparent: keys } });

/** Takes all rights from the process, as far as this one has any. */
const powerless = process.getuid?.() === 0 ? ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] : [];

test("a gateway for TPROXY that may not accept foreign connections does not start, and says what it needs", async () => {
  const gateway = spawnGateway([intercepting({ method: "tproxy" })], { by: powerless });
  const { detail } = await gateway.logged("could not start");
  expect(detail).toMatch(/^cannot listen on 127\.0\.0\.1:0 for TPROXY: EPERM; it needs CAP_NET_RAW or CAP_NET_ADMIN$/);
  expect(await gateway.ended).toBe(1);
});

test("a gateway for redirected connections needs no rights", async () => {
  const gateway = spawnGateway([intercepting()], { by: powerless });
  expect(await gateway.logged("listening")).toMatchObject({ gateway: "gateway-1" });
});

// Node shows nothing of TCP urgent data (D3.49); what the kernel leaves in the stream does.
describe("urgent data", () => {
  test("no urgent byte is lost, in the middle of a command neither", async () => {
    const { client, server } = await setStage({ SITE: (s) => s.say("200 Site") });
    // "SITE A", of which "A" is marked, then " B".
    sendUrgent(client.socket, Buffer.from("SITE A"));
    expect(await client.ask(" B")).toBe("200 Site");
    await until(() => server.sessions[0]?.lines.at(-1) === "SITE A B");
    expect(server.sessions[0]?.lines.at(-1)).toBe("SITE A B");
  });

  test("IAC IP IAC DM with urgent data, again and again in front of ABOR, leaves ABOR alone", async () => {
    const { client, server } = await setStage({ ABOR: (s) => s.say("225 Nothing to abort") });
    for (let round = 0; round < 5; round += 1) {
      sendUrgent(client.socket, Buffer.from("fff4ff", "hex"));
      client.write("\xf2ABOR\r\n");
      expect(await client.reply()).toBe("225 Nothing to abort");
    }
    expect(server.sessions[0]?.lines.slice(-5)).toEqual(["ABOR", "ABOR", "ABOR", "ABOR", "ABOR"]);
  });
});

/** TCP_NODELAY, SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT */
function optionsOf(transport: Transport): number[] {
  const ffi = loadFfi();
  if (!ffi.ok) throw new Error(ffi.reason);
  const getOption = ffi.ffi.func("int getsockopt(int, int, int, void *, void *)");
  const connection = transport as unknown as { readonly socket: Socket } | { readonly fd: number };
  const fd = "fd" in connection ? connection.fd : descriptorOf(connection.socket);
  const options: readonly (readonly [level: number, name: number])[] = [
    [6, 1],
    [1, 9],
    [6, 4],
    [6, 5],
    [6, 6],
  ];
  return options.map(([level, name]) => {
    const [value, length] = [Buffer.alloc(4), Buffer.from([4, 0, 0, 0])];
    expect(getOption(fd, level, name, value, length)).toBe(0);
    return value.readInt32LE();
  });
}

test("what a listener accepts has no delay, and keepalive after the configured time, also after that has changed", async () => {
  let accepted = (_: Transport): void => {};
  const events = { accepted: (transport: Transport) => accepted(transport), failed: () => {} };
  const options = { keepaliveMs: 60_000, sockets: testedSockets };
  const listener = await openListener({ address: "127.0.0.1", port: 0 }, options, events);
  onTestFinished(() => listener.close());
  async function nextOptions(): Promise<number[]> {
    const transport = new Promise<Transport>((resolve) => (accepted = resolve));
    const client = connect(listener.endpoint.port, "127.0.0.1").on("error", () => {});
    await once(client, "connect");
    const accepting = optionsOf(await transport);
    abortTransport(await transport);
    return accepting;
  }
  expect(await nextOptions()).toEqual([1, 1, 60, 1, 10]);
  expect(await nextOptions()).toEqual([1, 1, 60, 1, 10]);
  listener.setKeepalive(90_000);
  expect(await nextOptions()).toEqual([1, 1, 90, 1, 10]);
  expect(await nextOptions()).toEqual([1, 1, 90, 1, 10]);
});
