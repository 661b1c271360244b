// Preparation of this machine for the kernel plane: what must be on, what can be switched on, and the table.
import { errnoName } from "../../sockets/system-calls.ts";
import type { Marks } from "./marks.ts";
import type { Netfilter } from "./netlink/netfilter.ts";
import { dropsForwarded, loadTable, removeTable } from "./nftables/table.ts";
import { readSysctl, switchOn, sysctlCommand } from "./sysctls.ts";

/** What operators have to know. */
export type Note = (level: "info" | "warn", text: string) => void;

export type Preparation = {
  readonly table: string;
  readonly marks: Marks;
  /** At one time, per address family. */
  readonly pinholes: number;
  /** Whether to stand back where another table's chain drops what is forwarded and has no rule for our mark. */
  readonly yieldsToDropPolicy: boolean;
  readonly note: Note;
};

/** `drops`: what was told of chains that drop what is forwarded. */
export type Prepared = { readonly obstacle: string } | { readonly drops: readonly string[] };

/** Loads the table where this machine can use it; else says why the plane can't be used, and leaves nothing behind. */
export async function prepareMachine(netfilter: Netfilter, preparation: Preparation): Promise<Prepared> {
  const { table, marks, yieldsToDropPolicy, note } = preparation;
  if (!readSysctl("forward4").isGood && !readSysctl("forward6").isGood) {
    return { obstacle: `this machine forwards nothing: ${sysctlCommand("forward4")}` };
  }
  const drops = (await dropsForwarded(table, marks)) ?? [];
  if (yieldsToDropPolicy && drops.length > 0) return { obstacle: drops.join("; ") };
  for (const text of drops) note("warn", text);
  const obstacle = (await loadTable(netfilter, preparation, note)) ?? trackingObstacle(netfilter);
  if (obstacle !== undefined) {
    await removeTable(table);
    return { obstacle };
  }
  countBytes(note);
  return { drops };
}

function trackingObstacle(netfilter: Netfilter): string | undefined {
  if (!readSysctl("events").isGood) return `connection tracking tells nobody: ${sysctlCommand("events")}`;
  const connections = netfilter.list();
  if (typeof connections !== "number") return undefined;
  return `connection tracking does not answer (module nf_conntrack_netlink): ${errnoName(connections)}`;
}

function countBytes(note: Note): void {
  if (readSysctl("accounting").isGood) return;
  if (switchOn("accounting")) return note("info", "connection tracking counts bytes from now on (nf_conntrack_acct)");
  note("warn", `bytes count as 0, and no stall is noticed: ${sysctlCommand("accounting")}`);
}
