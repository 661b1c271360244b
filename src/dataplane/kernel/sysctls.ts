// Kernel settings (sysctl) that the kernel plane depends on, as /proc shows them in this network namespace.
import { readFileSync, writeFileSync } from "node:fs";

const folder = "/proc/sys/net";

/** Each is what it has to be for the plane to work. */
export const sysctls = {
  forward4: { path: "ipv4/ip_forward", isGood: (value: string) => value !== "0" },
  forward6: { path: "ipv6/conf/all/forwarding", isGood: (value: string) => value !== "0" },
  accounting: { path: "netfilter/nf_conntrack_acct", isGood: (value: string) => value === "1" },
  /** 2: while somebody listens. */
  events: { path: "netfilter/nf_conntrack_events", isGood: (value: string) => value !== "0" },
} as const;

export type SysctlName = keyof typeof sysctls;

/** `good` also where the setting can't be read: what it would forbid will show. */
export function readSysctl(name: SysctlName): { readonly isGood: boolean; readonly value: string | undefined } {
  const { path, isGood } = sysctls[name];
  try {
    const value = readFileSync(`${folder}/${path}`, "latin1").trim();
    return { isGood: isGood(value), value };
  } catch {
    return { isGood: true, value: undefined };
  }
}

/** Whether it is set now. */
export function switchOn(name: SysctlName): boolean {
  try {
    writeFileSync(`${folder}/${sysctls[name].path}`, "1");
  } catch {
    return false;
  }
  return readSysctl(name).isGood;
}

/** What an operator types. */
export function sysctlCommand(name: SysctlName): string {
  return `sysctl -w net.${sysctls[name].path.replaceAll("/", ".")}=1`;
}
