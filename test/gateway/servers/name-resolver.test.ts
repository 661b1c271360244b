// Resolving names: by the hosts file, by name servers, within shares and times. The name servers here are sockets of the test.
import { renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createNameResolver, type NameResolver } from "../../../src/gateway/servers/name-resolver.ts";
import { temporaryFile } from "../spawned-gateway.ts";
import { setDnsServer, type DnsReply } from "./dns-server.ts";

type Asker = { readonly client?: string; readonly timeoutMs?: number };
type Asked = { readonly answer: Promise<readonly string[] | string>; cancel(): void };

function ask(names: NameResolver, host: string, { client = "192.0.2.7", timeoutMs = 3000 }: Asker = {}): Asked {
  let cancel = (): void => {};
  const answer = new Promise<readonly string[] | string>((resolve) => {
    const events = { resolved: resolve, failed: resolve, refused: () => resolve("refused") };
    cancel = names.resolve(host, { client, timeoutMs }, events).cancel;
  });
  return { answer, cancel: () => cancel() };
}

/** A resolver that asks one server for what neither file knows. */
async function setUp(reply: (name: string, type: "A" | "AAAA") => DnsReply, hosts = "", resolvConf = "") {
  const server = await setDnsServer(reply);
  const hostsFile = temporaryFile("hosts", hosts);
  const names = createNameResolver({
    servers: [server.address],
    hostsFile,
    resolvConf: temporaryFile("resolv.conf", resolvConf),
  });
  return { names, server, hostsFile };
}

const nothing = (): DnsReply => ({ addresses: [] });
const ipv4Only =
  (address: string, ttl = 30) =>
  (_: string, type: string): DnsReply =>
    type === "A" ? { addresses: [address], ttl } : { addresses: [] };

describe("a name in the hosts file", () => {
  test("is resolved by it, and no name server hears of it", async () => {
    const { names, server } = await setUp(nothing, "10.0.0.5 ftp.example.com ftp # the server\nfd00::5\tFTP\n");
    expect(await ask(names, "ftp").answer).toEqual(["10.0.0.5", "fd00::5"]);
    expect(await ask(names, "ftp.example.com").answer).toEqual(["10.0.0.5"]);
    expect(server.questions).toEqual([]);
  });

  test("is read anew when the file has changed", async () => {
    const { names, hostsFile } = await setUp(nothing, "10.0.0.5 ftp\n");
    expect(await ask(names, "ftp").answer).toEqual(["10.0.0.5"]);
    writeFileSync(`${hostsFile}.new`, "10.0.0.66 ftp\n");
    renameSync(`${hostsFile}.new`, hostsFile);
    expect(await ask(names, "ftp").answer).toEqual(["10.0.0.66"]);
  });

  test("of a system that has no such file is asked for", async () => {
    const { address } = await setDnsServer(ipv4Only("10.0.0.5"));
    const names = createNameResolver({ servers: [address], hostsFile: "/no/such/file", resolvConf: "/no/such/file" });
    expect(await ask(names, "ftp.example.com").answer).toEqual(["10.0.0.5"]);
  });

  test("such as localhost is this machine even where the file has no line of it (RFC 6761)", async () => {
    const { names, server } = await setUp(ipv4Only("203.0.113.9"));
    expect(await ask(names, "localhost").answer).toEqual(["127.0.0.1", "::1"]);
    expect(await ask(names, "ftp.localhost").answer).toEqual(["127.0.0.1", "::1"]);
    expect(server.questions).toEqual([]);
  });
});

describe("a name that name servers know", () => {
  test("is asked for in both families at once", async () => {
    const { names, server } = await setUp((_, type) => ({ addresses: [type === "A" ? "10.0.0.5" : "fd00::5"] }));
    expect(new Set(await ask(names, "ftp.example.com").answer)).toEqual(new Set(["10.0.0.5", "fd00::5"]));
    expect(new Set(server.questions)).toEqual(new Set(["ftp.example.com A", "ftp.example.com AAAA"]));
  });

  test("does not wait for a server that never answers for AAAA", async () => {
    const { names } = await setUp((_, type) => (type === "A" ? { addresses: ["10.0.0.5"] } : "silence"));
    const startedAt = performance.now();
    expect(await ask(names, "ftp.example.com").answer).toEqual(["10.0.0.5"]);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test("is remembered for its TTL, but no longer than 60 s, and no shorter than 5", async () => {
    const { names, server } = await setUp(ipv4Only("10.0.0.5", 0));
    await ask(names, "ftp.example.com").answer;
    expect(await ask(names, "ftp.example.com").answer).toEqual(["10.0.0.5"]);
    expect(server.questions).toHaveLength(2);
  });

  test("is asked for once, however many wait for it", async () => {
    const { names, server } = await setUp(ipv4Only("10.0.0.5"));
    const answers = Array.from({ length: 100 }, () => ask(names, "ftp.example.com").answer);
    expect(new Set((await Promise.all(answers)).map(String))).toEqual(new Set(["10.0.0.5"]));
    expect(server.questions).toHaveLength(2);
  });

  test("has 16 addresses at most, however many it is said to have", async () => {
    const many = Array.from({ length: 25 }, (_, index) => `10.0.0.${index}`);
    const { names } = await setUp((_, type) => (type === "A" ? { addresses: many } : { addresses: [] }));
    expect(await ask(names, "ftp.example.com").answer).toEqual(many.slice(0, 16));
  });

  test("in the mapped form is the IPv4 address it is", async () => {
    const { names } = await setUp((_, type) =>
      type === "A" ? { addresses: [] } : { addresses: ["0:0:0:0:0:ffff:7f00:1"] },
    );
    expect(await ask(names, "ftp.example.com").answer).toEqual(["127.0.0.1"]);
  });
});

describe("a name that they don't know", () => {
  test.each<[string, DnsReply, string]>([
    ["does not exist", "no-such-name", "ENOTFOUND"],
    ["has no address", { addresses: [] }, "ENOTFOUND"],
    ["can't be found out", "failure", "ESERVFAIL"],
  ])("%s: that is the answer, and it is remembered", async (_, reply, code) => {
    const { names, server } = await setUp(() => reply);
    expect(await ask(names, "ftp.example.com").answer).toBe(code);
    const asked = server.questions.length;
    expect(await ask(names, "ftp.example.com").answer).toBe(code);
    expect(server.questions).toHaveLength(asked);
  });

  test("because the answer is garbage is a failure like any other", async () => {
    const { names } = await setUp(() => "garbage");
    expect(await ask(names, "ftp.example.com").answer).toMatch(/^E[A-Z]+$/);
  });
});

describe("a short name", () => {
  const inDomain = (name: string, type: string): DnsReply => {
    if (name !== "ftp.inner.example") return "no-such-name";
    return type === "A" ? { addresses: ["10.0.0.5"] } : { addresses: [] };
  };

  test("is looked for in the search domains of resolv.conf first", async () => {
    const { names, server } = await setUp(inDomain, "", "search outer.example inner.example\n");
    expect(await ask(names, "ftp").answer).toEqual(["10.0.0.5"]);
    expect(server.questions.filter((question) => question.endsWith(" A"))).toEqual([
      "ftp.outer.example A",
      "ftp.inner.example A",
    ]);
  });

  test("is asked for as it is where no domain has it", async () => {
    const { names, server } = await setUp(() => "no-such-name", "", "search inner.example\n");
    expect(await ask(names, "nobody").answer).toBe("ENOTFOUND");
    expect(server.questions).toContain("nobody A");
  });
});

describe("name servers that never answer", () => {
  const silent = (name: string): DnsReply =>
    name.endsWith(".silent.example") ? "silence" : { addresses: ["10.0.0.5"] };

  test("hold up nobody else: 12 names of one client, and another's from the hosts file and from a server come at once", async () => {
    const { names } = await setUp(silent, "10.0.0.9 other\n");
    const slow = Array.from({ length: 12 }, (_, index) => ask(names, `n${index}.silent.example`));
    const startedAt = performance.now();
    expect(await ask(names, "other", { client: "192.0.2.8" }).answer).toEqual(["10.0.0.9"]);
    expect(await ask(names, "ftp.example.com", { client: "192.0.2.8" }).answer).toContain("10.0.0.5");
    expect(performance.now() - startedAt).toBeLessThan(1000);
    for (const asked of slow) asked.cancel();
  });

  test("are asked for 8 names of one client at most, and of one /64; the next is refused until one is over", async () => {
    const { names } = await setUp(silent);
    const clients = ["2001:db8::1", "2001:db8::ffff:1"];
    const slow = Array.from({ length: 8 }, (_, index) =>
      ask(names, `n${index}.silent.example`, { client: clients[index % 2] ?? "" }),
    );
    expect(await ask(names, "next.example.com", { client: "2001:db8::2" }).answer).toBe("refused");
    expect(await ask(names, "next.example.com", { client: "2001:db8:0:1::2" }).answer).toContain("10.0.0.5");
    slow[0]?.cancel();
    expect(await ask(names, "other.example.com", { client: "2001:db8::2" }).answer).toContain("10.0.0.5");
    for (const asked of slow) asked.cancel();
  });

  test("are asked for 256 names at most by all clients together", async () => {
    const { names } = await setUp(silent);
    const slow = Array.from({ length: 256 }, (_, index) =>
      ask(names, `n${index}.silent.example`, { client: `10.1.${index >> 3}.1` }),
    );
    expect(await ask(names, "next.example.com").answer).toBe("refused");
    for (const asked of slow) asked.cancel();
    expect(await ask(names, "next.example.com").answer).toContain("10.0.0.5");
  });

  test("cost the connect time and no more, and the next who asks for that name soon does not wait again", async () => {
    const { names, server } = await setUp(silent);
    expect(await ask(names, "a.silent.example", { timeoutMs: 100 }).answer).toBe("timed out");
    const asked = server.questions.length;
    expect(await ask(names, "a.silent.example").answer).toBe("timed out");
    expect(server.questions).toHaveLength(asked);
  });

  test("are not asked again once nobody waits: a cancelled question reports nothing and is over", async () => {
    const { names, server } = await setUp(silent);
    const asked = ask(names, "a.silent.example");
    let reports = 0;
    void asked.answer.then(() => (reports += 1));
    asked.cancel();
    await sleep(1700);
    expect([reports, server.questions.length <= 2]).toEqual([0, true]);
  });
});

test("nothing is reported before the call has returned", async () => {
  const { names } = await setUp(nothing, "10.0.0.5 ftp\n");
  let isReported = false;
  const report = (): void => void (isReported = true);
  const asker = { client: "192.0.2.7", timeoutMs: 1000 };
  names.resolve("ftp", asker, { resolved: report, failed: report, refused: report });
  expect(isReported).toBe(false);
  names.resolve("ftp", asker, { resolved: report, failed: report, refused: report }).cancel();
  await sleep(20);
  expect(isReported).toBe(true);
});
