import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { readSysctl, sysctlCommand, sysctls, type SysctlName } from "../../../src/dataplane/kernel/sysctls.ts";

const names = Object.keys(sysctls) as SysctlName[];

test("the command names the setting as sysctl does", () => {
  expect(names.map(sysctlCommand)).toEqual([
    "sysctl -w net.ipv4.ip_forward=1",
    "sysctl -w net.ipv6.conf.all.forwarding=1",
    "sysctl -w net.netfilter.nf_conntrack_acct=1",
    "sysctl -w net.netfilter.nf_conntrack_events=1",
  ]);
});

test("what can be read is read, and what can't is no obstacle", () => {
  for (const name of names) {
    const { isGood, value } = readSysctl(name);
    expect(value !== undefined).toBe(existsSync(`/proc/sys/net/${sysctls[name].path}`));
    if (value === undefined) expect(isGood).toBe(true);
  }
});

test("connection tracking may tell always or while somebody listens; it has to count outright", () => {
  expect(["0", "1", "2"].map((value) => sysctls.events.isGood(value))).toEqual([false, true, true]);
  expect(["0", "1"].map((value) => sysctls.accounting.isGood(value))).toEqual([false, true]);
});
