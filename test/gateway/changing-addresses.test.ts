// Changing addresses: found by names and in files, again and again.
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createChangingAddresses, type AddressNews } from "../../src/gateway/changing-addresses.ts";
import { createNameResolver } from "../../src/gateway/servers/name-resolver.ts";
import { openDialogue } from "./ftp-dialogue.ts";
import { setClient, setGateway, setServer, until } from "./stage.ts";

async function scratch(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-addresses-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A name in a hosts file, which counts anew each time it is asked for. */
function setUp(hostsFile: string) {
  const news: AddressNews[] = [];
  const names = createNameResolver({ hostsFile, servers: ["127.0.0.1:1"] });
  const addresses = createChangingAddresses({ names, report: (line) => void news.push(line) });
  const owner = {};
  onTestFinished(() => addresses.want(owner, []));
  return { news, addresses, owner };
}

describe("a name", () => {
  test("is asked for again and again, and what it led to last stays while it leads nowhere", async () => {
    const hosts = path.join(await scratch(), "hosts");
    const { news, addresses, owner } = setUp(hosts);
    const source = { name: "gateway.test", everyMs: 20 };
    addresses.want(owner, [source]);
    expect(addresses.find(source)).toBeUndefined();
    await until(() => news.length === 1);
    expect(news[0]).toMatchObject({ kind: "missing", source: "gateway.test", last: undefined });
    await writeFile(hosts, "203.0.113.7 gateway.test\n2001:db8::7 gateway.test\n");
    await until(() => addresses.find(source)?.length === 2);
    expect(addresses.find(source)).toEqual(["2001:db8::7", "203.0.113.7"]);
    await writeFile(hosts, "203.0.113.88 gateway.test\n");
    await until(() => addresses.find(source)?.[0] === "203.0.113.88");
    expect(news.map(({ kind }) => kind)).toEqual(["missing", "changed", "changed"]);
  });
});

describe("a file", () => {
  test("is read again when it changes, by writing or by another one in its place", async () => {
    const folder = await scratch();
    const file = path.join(folder, "wan-ip");
    await writeFile(file, "203.0.113.7\n");
    const { news, addresses, owner } = setUp(path.join(folder, "hosts"));
    addresses.want(owner, [{ file }]);
    await until(() => addresses.find({ file }) !== undefined);
    await writeFile(file, "203.0.113.8 2001:db8::8\n");
    await until(() => addresses.find({ file })?.length === 2);
    await writeFile(`${file}.new`, "203.0.113.9");
    await rename(`${file}.new`, file);
    await until(() => addresses.find({ file })?.[0] === "203.0.113.9");
    expect(news.map(({ kind }) => kind)).toEqual(["changed", "changed", "changed"]);
  });

  test.each([
    ["that holds something else", "203.0.113.7 and more", "it holds something else than addresses"],
    ["that is empty", " \n", "there is no address"],
    ["that is gone", undefined, "ENOENT"],
  ])("%s leaves the last good address, and is told once", async (_, content, detail) => {
    const folder = await scratch();
    const file = path.join(folder, "wan-ip");
    await writeFile(file, "203.0.113.7");
    const { news, addresses, owner } = setUp(path.join(folder, "hosts"));
    addresses.want(owner, [{ file }]);
    await until(() => addresses.find({ file }) !== undefined);
    await (content === undefined ? rm(file) : writeFile(file, content));
    await until(() => news.length === 2);
    expect(news[1]).toEqual({ kind: "missing", source: file, detail, last: ["203.0.113.7"] });
    expect(addresses.find({ file })).toEqual(["203.0.113.7"]);
  });
});

test("what nobody wants any more is forgotten; what somebody else still wants stays", async () => {
  const folder = await scratch();
  const file = path.join(folder, "wan-ip");
  await writeFile(file, "203.0.113.7");
  const { addresses, owner } = setUp(path.join(folder, "hosts"));
  const other = {};
  addresses.want(owner, [{ file }]);
  addresses.want(other, [{ file }]);
  await until(() => addresses.find({ file }) !== undefined);
  addresses.want(owner, []);
  expect(addresses.find({ file })).toEqual(["203.0.113.7"]);
  addresses.want(other, []);
  expect(addresses.find({ file })).toBeUndefined();
});

test("refusal: no-address: sessions before the gateway knows its address; those after it are told what it is by then", async () => {
  const file = path.join(await scratch(), "wan-ip");
  const server = await setServer();
  const gateway = await setGateway(server.port, { clientSide: { advertise: { file } } });
  expect(gateway.gateway.isReady()).toBe(false);
  const early = await openDialogue(gateway.port);
  expect(await early.rest()).toMatch(/^421 The gateway does not know its own address yet/);
  expect(await gateway.sample('refusals_total{gateway="test",reason="no-address"}')).toBe(1);
  await writeFile(file, "127.0.0.9");
  await until(() => gateway.gateway.isReady());
  const client = await setClient(gateway);
  await client.login();
  expect(await client.ask("PASV")).toContain("(127,0,0,9,");
  await writeFile(file, "127.0.0.10");
  // A session that runs is told the address that its connection began with: its data connections have the same route.
  await until(async () => {
    const later = await setClient(gateway);
    await later.login();
    return (await later.ask("PASV")).includes("(127,0,0,10,");
  });
  expect(await client.ask("PASV")).toContain("(127,0,0,9,");
});
