import { describe, expect, test } from "vitest";
import { ask, dial, logIn, portOf, readAll, serve } from "./loopback.ts";

const big = Buffer.alloc(3_000_000, "0123456789abcdef\n");

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

  test("a line without end is answered 500 once it ends, and the session lives", async () => {
    const client = await logIn(await serve());
    expect(await ask(client, "A".repeat(100_000))).toBe("500 Line too long.");
    expect(await ask(client, "NOOP")).toMatch(/^200 /);
  });
});
