import { fork } from "node:child_process";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { adoptBound, bindSocket, listenOnBound } from "../../src/sockets/bound-socket.ts";

const loopback = { address: "127.0.0.1", port: 0 };

function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = connect(port, "127.0.0.1");
    client.on("error", reject);
    client.once("data", (text) => {
      client.destroy();
      resolve(String(text));
    });
  });
}

/** A process that accepts on the socket that it is sent, and says its name. */
function startAcceptor(): ReturnType<typeof fork> {
  const folder = mkdtempSync(path.join(tmpdir(), "ftp-alg-bound-"));
  const module = new URL("../../src/sockets/bound-socket.ts", import.meta.url);
  const file = path.join(folder, "acceptor.mjs");
  writeFileSync(
    file,
    `import { listenOnBound } from ${JSON.stringify(module.href)};
     process.on("message", (name, handle) => {
       const server = listenOnBound(handle);
       server.on("connection", (socket) => socket.end(name));
       process.send("ready");
     });`,
  );
  const child = fork(file, [], { serialization: "advanced" });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  return child;
}

test("a bound socket accepts in the process that it is sent to; who comes while that is gone waits for the next one", async () => {
  const bound = bindSocket(loopback, true);
  onTestFinished(() => bound.close());
  const { port } = bound.endpoint;
  const send = async (child: ReturnType<typeof fork>, name: string): Promise<void> => {
    const ready = new Promise((resolve) => child.once("message", resolve));
    child.send(name, bound.handle as never);
    await ready;
  };
  const first = startAcceptor();
  await send(first, "first");
  expect(await greeting(port)).toBe("first");
  const ended = new Promise((resolve) => first.once("exit", resolve));
  first.kill("SIGKILL");
  await ended;
  const waiting = greeting(port);
  await send(startAcceptor(), "second");
  expect(await waiting).toBe("second");
});

test("a port that another socket has is told when it is bound", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  expect(() => bindSocket({ address: "127.0.0.1", port }, true)).toThrow(
    expect.objectContaining({ code: "EADDRINUSE" }),
  );
  expect(() => bindSocket({ address: "192.0.2.1", port: 0 }, true)).toThrow(
    expect.objectContaining({ code: "EADDRNOTAVAIL" }),
  );
});

test("it may be shared only with those who say the same", () => {
  const first = bindSocket(loopback, true);
  const second = bindSocket(first.endpoint, true);
  const alone = bindSocket(loopback, false);
  onTestFinished(() => second.close());
  const listening = [first, alone].map(({ handle }) => listenOnBound(handle));
  onTestFinished(() => listening.forEach((server) => server.close()));
  expect(() => bindSocket(alone.endpoint, true)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
  expect(() => bindSocket(first.endpoint, false)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
});

test("a socket that this process was started with is adopted with its address", () => {
  const first = bindSocket(loopback, false);
  const adopted = adoptBound((first.handle as { fd: number }).fd);
  onTestFinished(() => adopted.close());
  expect(adopted.endpoint).toEqual(first.endpoint);
  expect(() => adoptBound(0)).toThrow();
});
