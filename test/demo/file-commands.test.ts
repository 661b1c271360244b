import { expect, test } from "vitest";
import { ask, logIn, serve } from "./loopback.ts";

test("REST and STOR replace the rest of a file; .. stops at the root", async () => {
  const server = await serve({ files: { "a.txt": Buffer.from("0123456789") } });
  const client = await logIn(server);
  expect(await ask(client, "REST 4")).toMatch(/^350 /);
  await client.upload("PORT", "a.txt", Buffer.from("XY"));
  expect(server.files.get("a.txt")?.toString()).toBe("0123XY");
  expect(await ask(client, "CWD ../../..")).toBe('250 Directory is "/".');
  expect(await ask(client, "SIZE ../a.txt")).toBe("213 6");
});

test("directories are made, entered, listed by name, renamed and removed", async () => {
  const client = await logIn(await serve());
  expect(await ask(client, 'MKD a "b"')).toBe('257 "/a ""b""" created');
  expect(await ask(client, 'CWD a "b"')).toBe('250 Directory is "/a ""b""".');
  expect(await ask(client, "PWD")).toBe('257 "/a ""b""" is the current directory');
  expect(await ask(client, "XCUP")).toBe('250 Directory is "/".');
  expect(await ask(client, "RNTO c")).toMatch(/^503 /);
  expect(await ask(client, 'RNFR a "b"')).toMatch(/^350 /);
  expect(await ask(client, "RNTO c")).toMatch(/^250 /);
  expect(await ask(client, "MLST c")).toMatch(/^250-Listing\n type=dir;modify=\d{14}; \/c\n250 End$/);
  expect(await ask(client, "RMD c")).toMatch(/^250 /);
  expect(await ask(client, "CWD c")).toMatch(/^550 /);
});

test("a name survives as its bytes, whatever they are", async () => {
  const server = await serve();
  const client = await logIn(server);
  const name = "gr\xfc\xdfe \xc3\xbc (1).txt";
  await client.upload("PORT", name, Buffer.from("x"));
  expect([...server.files.keys()]).toEqual([name]);
  expect(await ask(client, `SIZE ${name}`)).toBe("213 1");
  expect(await ask(client, "STAT /")).toContain(name);
  expect(await ask(client, `DELE ${name}`)).toMatch(/^250 /);
});

test("what does not exist, or is no file, is answered 550 without a data connection", async () => {
  const client = await logIn(await serve({ files: { "d/a.txt": Buffer.from("abc") } }));
  for (const line of ["RETR d", "RETR x", "LIST x", "MLSD x", "STOR d", "STOR x/y", "APPE x/y", "SIZE d", "MDTM d"]) {
    expect(await ask(client, line), line).toMatch(/^550 /);
  }
  await ask(client, "REST 4");
  expect(await ask(client, "RETR d/a.txt")).toBe("550 The file is shorter than that.");
});
