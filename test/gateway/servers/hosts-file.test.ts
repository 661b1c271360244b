import fc from "fast-check";
import { expect, test } from "vitest";
import { localhostAddresses, parseHosts } from "../../../src/gateway/servers/hosts-file.ts";

test("each name of a line has its address, in lower case, and several lines add up in their order", () => {
  const hosts = parseHosts(
    "127.0.0.1 localhost\n::1 localhost ip6-localhost\n10.0.0.5\tFTP.Example.com.  ftp # a server\n10.0.0.6 ftp\n",
  );
  expect(Object.fromEntries(hosts)).toEqual({
    localhost: ["127.0.0.1", "::1"],
    "ip6-localhost": ["::1"],
    "ftp.example.com": ["10.0.0.5"],
    ftp: ["10.0.0.5", "10.0.0.6"],
  });
});

test("addresses become canonical, and come once", () => {
  const hosts = parseHosts("::ffff:10.0.0.5 ftp\r\n10.0.0.5 ftp\nFE80::1%eth0 link\n");
  expect([hosts.get("ftp"), hosts.get("link")]).toEqual([["10.0.0.5"], ["fe80::1"]]);
});

test("comments, blank lines and lines without an address are passed over", () => {
  expect([...parseHosts("# 10.0.0.1 a\n\n  \nftp 10.0.0.5\n10.0.0.5\n0x7f.1 b\n#\n")]).toEqual([]);
});

test("whatever the file holds, it is read", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("10.0.0.1", "::1", " ", "\t", "\n", "#", "a", "__proto__", ".")), (parts) => {
      for (const addresses of parseHosts(parts.join("")).values()) expect(addresses.length).toBeGreaterThan(0);
    }),
  );
});

test("localhost and the names below it are this machine (RFC 6761), and no other is", () => {
  expect(localhostAddresses("localhost")).toEqual(["127.0.0.1", "::1"]);
  expect(localhostAddresses("a.localhost")).toEqual(["127.0.0.1", "::1"]);
  expect(["notlocalhost", "localhost.example.com"].map(localhostAddresses)).toEqual([undefined, undefined]);
});
