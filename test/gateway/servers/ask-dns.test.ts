import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { askDns, type DnsAnswer } from "../../../src/gateway/servers/ask-dns.ts";
import { setDnsServer } from "./dns-server.ts";

const ask = (names: readonly string[], servers: readonly string[]): Promise<DnsAnswer> =>
  new Promise((resolve) => askDns(names, { servers }, resolve));

test("an answer holds for the shortest of its TTLs", async () => {
  const { address } = await setDnsServer((_, type) =>
    type === "A" ? { addresses: ["10.0.0.5"], ttl: 40 } : { addresses: ["fd00::5"], ttl: 20 },
  );
  const answer = await ask(["ftp.example.com"], [address]);
  expect(answer).toMatchObject({ seconds: 20 });
  expect("addresses" in answer && answer.addresses.toSorted()).toEqual(["10.0.0.5", "fd00::5"]);
});

test("the next name is asked for where one is unknown, but not where a server fails", async () => {
  const { address, questions } = await setDnsServer((name) => (name === "b.example" ? "failure" : "no-such-name"));
  expect(await ask(["a.example", "b.example", "c.example"], [address])).toEqual({ failure: "ESERVFAIL", seconds: 0 });
  expect(questions.some((question) => question.startsWith("c.example"))).toBe(false);
});

test("a server that is silent or not there leaves it to the next one", async () => {
  const silent = await setDnsServer(() => "silence");
  const good = await setDnsServer((_, type) => ({ addresses: type === "A" ? ["10.0.0.5"] : [] }));
  expect(await ask(["ftp.example.com"], ["127.0.0.1:1", silent.address, good.address])).toMatchObject({
    addresses: ["10.0.0.5"],
  });
});

test("once it is cancelled nothing is answered", async () => {
  const { address } = await setDnsServer((_, type) => ({ addresses: type === "A" ? ["10.0.0.5"] : [] }));
  let answers = 0;
  askDns(["ftp.example.com"], { servers: [address] }, () => (answers += 1)).cancel();
  await sleep(100);
  expect(answers).toBe(0);
});
