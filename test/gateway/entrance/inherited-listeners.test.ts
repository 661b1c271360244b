import { openSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { loadFfi } from "../../../src/sockets/ffi.ts";
import { startFakeServer } from "../fake-server.ts";
import { openDialogue } from "../ftp-dialogue.ts";
import { type SpawnedGateway, spawnGateway } from "../spawned-gateway.ts";

/** The shell's process becomes the gateway's, so its id is the one to name. */
const asSystemdDoes = (count: number): string[] => ["sh", "-c", `LISTEN_FDS=${count} LISTEN_PID=$$ exec "$@"`, "sh"];

/** SOCK_STREAM | SOCK_CLOEXEC: only descriptors that it is given on purpose reach a process. */
const streamCloseOnExec = 0o2000001;

type RawListener = { readonly fd: number; readonly port: number; close(): void };

/** A listening socket that nobody in this process accepts from: Node's own would. */
function rawListener(host: "127.0.0.1" | "::1" = "127.0.0.1"): RawListener {
  const loaded = loadFfi();
  if (!loaded.ok) throw new Error(loaded.reason);
  const { func } = loaded.ffi;
  const address = Buffer.alloc(host === "::1" ? 28 : 16);
  address.writeUInt16LE(host === "::1" ? 10 : 2);
  if (host === "::1") address[23] = 1;
  else address.set([127, 0, 0, 1], 4);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(address.length);
  const fd = func("int socket(int, int, int)")(address.readUInt16LE(), streamCloseOnExec, 0);
  func("int bind(int, const void *, uint32_t)")(fd, address, address.length);
  func("int listen(int, int)")(fd, 16);
  func("int getsockname(int, void *, void *)")(fd, address, length);
  let isOpen = true;
  const close = (): void => {
    if (isOpen) func("int close(int)")(fd);
    isOpen = false;
  };
  onTestFinished(close);
  return { fd, port: address.readUInt16BE(2), close };
}

async function withServer() {
  const server = await startFakeServer();
  onTestFinished(() => server.stop());
  return { server: `127.0.0.1:${server.port}` };
}

async function greeting(port: number, host?: string): Promise<string> {
  const client = await openDialogue(port, host);
  const said = await client.reply();
  client.close();
  return said;
}

function listening(gateway: SpawnedGateway): Record<string, unknown>[] {
  return gateway.lines().filter(({ msg }) => msg === "listening");
}

test("a socket that the process was started with serves the endpoint that it is bound to, and the log says so", async () => {
  const [first, second] = [rawListener(), rawListener("::1")];
  const gateway = spawnGateway(
    [
      { name: "a", listen: [`[::1]:${second.port}`], route: await withServer() },
      { name: "b", listen: [`127.0.0.1:${first.port}`, "127.0.0.1:0"], route: await withServer() },
    ],
    { by: asSystemdDoes(2), descriptors: [first.fd, second.fd] },
  );
  await expect.poll(() => listening(gateway).length, { timeout: 10_000 }).toBe(3);
  expect(listening(gateway).map(({ gateway: name, inherited }) => [name, inherited])).toEqual([
    ["a", true],
    ["b", true],
    ["b", undefined],
  ]);
  expect(await greeting(first.port)).toBe("220 Fake server");
  expect(await greeting(second.port, "::1")).toBe("220 Fake server");
}, 20_000);

test("a client that came before the gateway was started is served", async () => {
  const { fd, port } = rawListener();
  const said = greeting(port);
  spawnGateway([{ listen: [`127.0.0.1:${port}`], route: await withServer() }], {
    by: asSystemdDoes(1),
    descriptors: [fd],
  });
  expect(await said).toBe("220 Fake server");
}, 20_000);

test("a socket at an endpoint that is not configured is closed, and the log says so", async () => {
  const { fd, port, close } = rawListener();
  const gateway = spawnGateway([{ listen: ["127.0.0.1:0"], route: await withServer() }], {
    by: asSystemdDoes(1),
    descriptors: [fd],
  });
  const { endpoint } = await gateway.logged("inherited socket closed: no gateway listens there");
  expect(endpoint).toBe(`127.0.0.1:${port}`);
  close();
  await expect(greeting(port)).rejects.toThrow("ECONNREFUSED");
});

test("sockets of another process are left alone", async () => {
  const { fd, port } = rawListener();
  const by = ["env", "LISTEN_FDS=1", "LISTEN_PID=1"];
  const gateway = spawnGateway([{ listen: [`127.0.0.1:${port}`], route: await withServer() }], {
    by,
    descriptors: [fd],
  });
  const { detail } = await gateway.logged("could not start");
  expect(detail).toContain(`cannot listen on 127.0.0.1:${port}: EADDRINUSE: another program has port ${port}`);
  expect(await gateway.ended).toBe(1);
});

test("a descriptor that is no socket ends the start with the reason", async () => {
  const gateway = spawnGateway([{ listen: ["127.0.0.1:0"], route: await withServer() }], {
    by: asSystemdDoes(1),
    descriptors: [openSync("/dev/null", "r")],
  });
  const { detail } = await gateway.logged("could not start");
  expect(detail).toMatch(/^cannot use the inherited descriptor 3: /);
  expect(await gateway.ended).toBe(1);
});
