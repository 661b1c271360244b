// Examination of this machine: could it run the kernel plane? Nothing is loaded, no table is touched.
import { loadFfi } from "../../sockets/ffi.ts";
import { createMarks } from "./marks.ts";
import { createNetfilter } from "./netlink/netfilter.ts";
import { nft } from "./nftables/nft.ts";
import { defaultPinholes, formatRuleset } from "./nftables/ruleset.ts";
import { readSysctl, sysctlCommand } from "./sysctls.ts";
import { errnoName } from "../../sockets/system-calls.ts";
import { dropsForwarded } from "./nftables/table.ts";
import { ownTable } from "./nftables/table-owner.ts";

export type KernelExamination = {
  /** Each alone keeps the plane from working. */
  readonly obstacles: readonly string[];
  /** What it works with less well. */
  readonly remarks: readonly string[];
};

export async function examineKernelPlane(options: {
  readonly table: string;
  readonly mark: number;
  readonly mask: number;
}): Promise<KernelExamination> {
  const { table } = options;
  const marks = createMarks(options.mark, options.mask);
  const obstacles: string[] = [];
  const remarks: string[] = [];
  const loaded = loadFfi();
  if (!loaded.ok) obstacles.push(loaded.reason);
  const checked = await nft(["-c", "-f", "-"], formatRuleset({ table, marks, pinholes: defaultPinholes }));
  if (!checked.ok) obstacles.push(`the table can't be loaded (nft with CAP_NET_ADMIN): ${checked.detail}`);
  if (loaded.ok) {
    const netfilter = createNetfilter(loaded.ffi, table, marks);
    if ("errno" in netfilter) obstacles.push(`no netlink socket: ${errnoName(netfilter.errno)}`);
    else {
      const connections = netfilter.list();
      if (typeof connections === "number") {
        obstacles.push(
          `connection tracking can't be asked (nf_conntrack_netlink, CAP_NET_ADMIN): ${errnoName(connections)}`,
        );
      }
      const owner = ownTable(netfilter.calls, table, (text) => remarks.push(text));
      if ("obstacle" in owner) remarks.push(owner.obstacle);
      else owner.close();
      netfilter.stop();
    }
  }
  const forwards = (["forward4", "forward6"] as const).filter((name) => readSysctl(name).isGood);
  if (forwards.length === 0) obstacles.push(`this machine forwards nothing: ${sysctlCommand("forward4")}`);
  else if (!forwards.includes("forward4")) remarks.push(`IPv4 is not forwarded: ${sysctlCommand("forward4")}`);
  else if (!forwards.includes("forward6")) remarks.push(`IPv6 is not forwarded: ${sysctlCommand("forward6")}`);
  if (!readSysctl("events").isGood) obstacles.push(`connection tracking tells nobody: ${sysctlCommand("events")}`);
  const { isGood, value } = readSysctl("accounting");
  if (!isGood && value !== undefined) {
    remarks.push(
      `connections are not counted, the gateway will switch that on if it may: ${sysctlCommand("accounting")}`,
    );
  }
  remarks.push(...((await dropsForwarded(table, marks)) ?? []));
  return { obstacles, remarks };
}
