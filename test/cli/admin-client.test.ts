// What every command says that asks an admin listener which gives no answer.
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { adminUrl } from "../../src/cli/admin-options.ts";
import { temporaryFile } from "../gateway/spawned-gateway.ts";
import { freePort } from "../gateway/stage.ts";
import { setApi } from "../observe/api/api-stage.ts";
import { runCommand } from "./run-command.ts";

describe("an admin listener that gives no answer", () => {
  const errorOf = async (...argv: string[]) => {
    const { code, err, out } = await runCommand(["sessions", ...argv]);
    expect([code, out]).toEqual([1, ""]);
    return err;
  };

  test("is named with what switches it on, where nobody listens", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const err = await errorOf("--admin", url);
    expect(err).toContain(`can't ask the admin listener at ${url}: nobody listens there.`);
    expect(err).toContain(`admin: { listen: "${url.slice(7)}" }`);
  });

  test("asks for a token that is missing, wrong or unreadable", async () => {
    const { url } = await setApi({}, {}, { token: () => "the-token-of-this-listener" });
    expect(await errorOf("--admin", url)).toContain("asks for a token: --token-file FILE");
    const wrong = temporaryFile("token", "another-token\n");
    expect(await errorOf("--admin", url, "--token-file", wrong)).toContain(`the token in ${wrong} is not the one`);
    expect(await errorOf("--admin", url, "--token-file", "/nowhere/token")).toContain(
      "--token-file: can't read /nowhere/token: no such file",
    );
    const right = temporaryFile("token", "the-token-of-this-listener\n");
    expect((await runCommand(["sessions", "--admin", url, "--token-file", right])).code).toBe(0);
  });

  test("is another program", async () => {
    const server = createServer((socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await errorOf("--admin", url)).toBe(`error: ${url} answers, but not as ftp-alg's admin listener does\n`);
  });
});

test("the admin listener is a URL or an endpoint alone; all else is wrong usage", async () => {
  expect(["127.0.0.1:9", ":9", "https://gw.example.net/ftp/", "[::1]:9"].map(adminUrl)).toEqual([
    "http://127.0.0.1:9",
    "http://127.0.0.1:9",
    "https://gw.example.net/ftp",
    "http://[::1]:9",
  ]);
  expect(["ftp://x", "http://user@x", "a b"].map(adminUrl)).toEqual([undefined, undefined, undefined]);
  expect(await runCommand(["sessions", "--admin", "ftp://x"])).toMatchObject({ code: 2 });
});
