import { describe, expect, test } from "vitest";
import { connectActiveClient } from "../../src/demo/active-client.ts";
import { ask, cleanups, dial, logIn, portOf, readAll, serve } from "./loopback.ts";

const big = Buffer.alloc(3_000_000, "0123456789abcdef\n");

describe("broken transfers", () => {
  test("an upload whose data connection is reset is answered 426 and leaves no file", async () => {
    const server = await serve();
    const client = await logIn(server);
    const data = await dial(portOf(await ask(client, "PASV")));
    await ask(client, "STOR half.bin");
    await new Promise((resolve) => data.write(big.subarray(0, 1000), resolve));
    data.resetAndDestroy();
    expect((await client.nextReply()).code).toBe(426);
    expect(server.files.has("half.bin")).toBe(false);
  });

  test("a download whose receiver resets is answered 426", async () => {
    const client = await logIn(await serve({ files: { big: Buffer.alloc(32 * 1024 * 1024) } }));
    const data = await dial(portOf(await ask(client, "EPSV")));
    await ask(client, "RETR big");
    await new Promise((resolve) => data.once("data", resolve));
    data.resetAndDestroy();
    expect((await client.nextReply()).code).toBe(426);
  });

  test("ABOR breaks the running transfer with 426 and is answered 226; with none running 225", async () => {
    const server = await serve({ files: { big: Buffer.alloc(32 * 1024 * 1024) } });
    const client = await logIn(server);
    expect(await ask(client, "ABOR")).toMatch(/^225 /);
    const data = await dial(portOf(await ask(client, "EPSV")));
    await ask(client, "RETR big");
    expect(await ask(client, "STAT")).toBe("211 A transfer is running.");
    const broken = new Promise((resolve) => data.once("error", resolve));
    // As clients send it: IAC IP, then the data mark of the urgent byte, in front of the command.
    expect((await client.command("\xff\xf4\xff\xf2ABOR")).code).toBe(426);
    expect((await client.nextReply()).code).toBe(226);
    data.resume();
    expect(await broken).toMatchObject({ code: "ECONNRESET" });
    expect(await client.download("PORT", "big")).toHaveLength(32 * 1024 * 1024);
  });

  test("a client that leaves in the middle of a transfer leaves no data connection open", async () => {
    const server = await serve({ files: { big: Buffer.alloc(32 * 1024 * 1024) } });
    const client = await logIn(server);
    const data = await dial(portOf(await ask(client, "EPSV")));
    await ask(client, "RETR big");
    const broken = new Promise((resolve) => data.once("error", resolve));
    client.close();
    data.resume();
    expect(await broken).toMatchObject({ code: "ECONNRESET" });
  });
});

test("a QUIT sent during a transfer waits for its end", async () => {
  const server = await serve({ files: { big } });
  const client = await logIn(server);
  const data = await dial(portOf(await ask(client, "EPSV")));
  await ask(client, "RETR big");
  const completion = client.command("QUIT");
  expect(await readAll(data)).toHaveLength(big.length);
  expect((await completion).code).toBe(226);
  expect((await client.nextReply()).code).toBe(221);
});

describe("the dialogue", () => {
  test("pipelined commands are answered in order", async () => {
    const server = await serve({ greeting: "Hello", files: { a: Buffer.from("a") } });
    const control = await dial(server.endpoint.port);
    control.end("user x\r\npass y\r\nEPSV 2\r\nSIZE a\r\nSIZE b\nQUIT\r\n");
    const codes = (await readAll(control))
      .toString()
      .split("\r\n")
      .map((line) => line.slice(0, 3));
    expect(codes).toEqual(["220", "331", "230", "522", "213", "550", "221", ""]);
    expect(server.transcript.slice(0, 3)).toEqual(["S> 220 Hello", "C> user x", "S> 331 Any password will do."]);
  });

  test("nothing but the login is done before the login", async () => {
    const server = await serve();
    const client = await connectActiveClient(server.endpoint);
    cleanups.push(() => client.close());
    expect(await ask(client, "LIST")).toMatch(/^530 /);
    expect(await ask(client, "PASS x")).toMatch(/^503 /);
    expect(await ask(client, "FEAT")).toContain("\n EPSV\n");
    expect(await ask(client, "constructor")).toMatch(/^500 /);
    expect(await ask(client, "MLOL")).toMatch(/^502 /);
  });

  test("a line without end is answered 500 once it ends, and the session lives", async () => {
    const client = await logIn(await serve());
    expect(await ask(client, "A".repeat(100_000))).toBe("500 Line too long.");
    expect(await ask(client, "NOOP")).toMatch(/^200 /);
  });
});
