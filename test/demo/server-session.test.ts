import { describe, expect, test } from "vitest";
import { ask, dial, logIn, portOf, serve } from "./loopback.ts";

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
