import { connect, createServer, type AddressInfo } from "node:net";
import { Readable, Writable } from "node:stream";
import { Client } from "basic-ftp";
import { describe, expect, test } from "vitest";
import { ask, cleanups, dial, logIn, portOf, readAll, serve } from "./loopback.ts";

const big = Buffer.alloc(3_000_000, "0123456789abcdef\n");

describe("passive mode", () => {
  for (const address of ["127.0.0.1", "::1"]) {
    test(`basic-ftp lists, uploads, downloads, resumes, renames and deletes over ${address}`, async () => {
      const server = await serve({ listen: { address, port: 0 }, files: { "pub/read me.txt": Buffer.from("hello") } });
      const client = new Client(5000);
      cleanups.push(() => client.close());
      await client.access({ host: address, port: server.endpoint.port, user: "anna", password: "x" });
      expect((await client.list("pub")).map(({ name, size }) => [name, size])).toEqual([["read me.txt", 5]]);
      await client.ensureDir("new/deep");
      await client.uploadFrom(Readable.from([big]), "big.bin");
      expect(server.files.get("new/deep/big.bin")?.equals(big)).toBe(true);
      expect(await client.size("big.bin")).toBe(big.length);
      const received: Buffer[] = [];
      const into = new Writable({ write: (chunk: Buffer, _encoding, next) => (received.push(chunk), next()) });
      await client.downloadTo(into, "big.bin", 1_000_000);
      expect(Buffer.concat(received).equals(big.subarray(1_000_000))).toBe(true);
      await client.appendFrom(Readable.from([Buffer.from("tail")]), "big.bin");
      expect(server.files.get("new/deep/big.bin")?.length).toBe(big.length + 4);
      await client.rename("big.bin", "/pub/größer.bin");
      await client.cd("/pub");
      expect((await client.list()).map(({ name }) => name).toSorted()).toEqual(["größer.bin", "read me.txt"]);
      await client.remove("größer.bin");
      await client.removeDir("/new");
      expect([...server.files.keys()]).toEqual(["pub/read me.txt"]);
    });
  }

  test("227 announces the address it was told to announce, 229 only a port", async () => {
    const client = await logIn(await serve({ announce: "192.168.77.5" }));
    expect(await ask(client, "PASV")).toMatch(/^227 Entering Passive Mode \(192,168,77,5,\d+,\d+\)$/);
    expect(await ask(client, "EPSV")).toMatch(/^229 Entering Extended Passive Mode \(\|\|\|\d+\|\)$/);
  });

  test("a data connection made before the transfer command is held until the command comes", async () => {
    const server = await serve();
    const client = await logIn(server);
    const data = await dial(portOf(await ask(client, "PASV")));
    data.end("early");
    expect(await ask(client, "NOOP")).toMatch(/^200 /);
    expect(await ask(client, "STOR early.txt")).toMatch(/^150 /);
    expect((await client.nextReply()).code).toBe(226);
    expect(server.files.get("early.txt")?.toString()).toBe("early");
  });

  test("a stranger's data connection is broken and does not use the listener up", async () => {
    const client = await logIn(await serve({ files: { "a.txt": Buffer.from("abc") } }));
    const port = portOf(await ask(client, "PASV"));
    const stranger = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.2" });
    const broken = new Promise((resolve) => stranger.once("error", resolve));
    expect(await broken).toMatchObject({ code: "ECONNRESET" });
    const data = await dial(port);
    expect(await ask(client, "RETR a.txt")).toMatch(/^150 /);
    expect((await readAll(data)).toString()).toBe("abc");
    expect((await client.nextReply()).code).toBe(226);
  });

  test("a second PASV closes the listener of the first", async () => {
    const client = await logIn(await serve());
    const first = portOf(await ask(client, "PASV"));
    await ask(client, "EPSV");
    const late = connect({ host: "127.0.0.1", port: first });
    expect(await new Promise((resolve) => late.once("error", resolve))).toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("active mode", () => {
  const rows = [
    ["127.0.0.1", "PORT"],
    ["127.0.0.1", "EPRT"],
    ["::1", "EPRT"],
  ] as const;
  for (const [address, form] of rows) {
    test(`${form} over ${address} carries uploads and downloads unchanged`, async () => {
      const server = await serve({ listen: { address, port: 0 }, files: { "big.bin": big, empty: Buffer.alloc(0) } });
      const client = await logIn(server);
      expect((await client.download(form, "big.bin")).equals(big)).toBe(true);
      expect(await client.download(form, "empty")).toHaveLength(0);
      await client.upload(form, "up.bin", big);
      expect(server.files.get("up.bin")?.equals(big)).toBe(true);
      await client.quit();
    });
  }

  test("a client that does not listen is answered 425, and the session lives", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const client = await logIn(await serve({ files: { a: Buffer.from("a") } }));
    await ask(client, `PORT 127,0,0,1,${port >> 8},${port & 255}`);
    expect(await ask(client, "RETR a")).toMatch(/^425 No data connection: connect ECONNREFUSED/);
    expect(await client.download("PORT", "a")).toEqual(Buffer.from("a"));
  });
});

test("stop ends every connection and frees the port", async () => {
  const server = await serve();
  const client = await logIn(server);
  const gone = client.nextReply();
  gone.catch(() => {});
  await server.stop();
  await expect(gone).rejects.toThrow();
  const again = await serve({ listen: server.endpoint });
  expect(again.endpoint).toEqual(server.endpoint);
});
