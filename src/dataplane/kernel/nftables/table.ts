// The gateway's table: brought into the kernel and out of it, with a look at the tables that stand beside it.
import { acceptingRule, acceptsMark, droppingForwardChains } from "./forward-chains.ts";
import type { Marks } from "../marks.ts";
import type { Netfilter } from "../netlink/netfilter.ts";
import { nft } from "./nft.ts";
import { formatRemoval, formatRuleset, type RulesetOptions } from "./ruleset.ts";
import { errnoName } from "../../../sockets/system-calls.ts";

/**
 * Loads the table in place of whatever stands under its name. Where that can't be done and the table is there already
 * (`ftp-alg ruleset` printed it, an administrator loaded it), that one is taken as it is. Returns why neither is possible.
 */
export async function loadTable(
  netfilter: Netfilter,
  options: RulesetOptions,
  note: (level: "info" | "warn", text: string) => void,
): Promise<string | undefined> {
  const loaded = await nft(["-f", "-"], formatRuleset(options));
  const errno = netfilter.probe();
  if (errno === 0) {
    if (!loaded.ok)
      note("info", `table inet ${options.table} is used as it was loaded by somebody else: ${loaded.detail}`);
    return undefined;
  }
  const name = errnoName(errno);
  if (name === "EPERM") return "the process may not change nftables (CAP_NET_ADMIN is missing)";
  return loaded.ok
    ? `the kernel refuses pinholes: ${name}`
    : `table inet ${options.table} can't be loaded: ${loaded.detail}`;
}

/** Its pinholes go with it. */
export async function removeTable(table: string): Promise<void> {
  await nft(["-f", "-"], formatRemoval(table));
}

/**
 * One sentence for each chain of somebody else's that drops what we forward, with the rule that it needs. Undefined where nft
 * can't list them.
 */
export async function dropsForwarded(table: string, marks: Marks): Promise<string[] | undefined> {
  const listed = await nft(["-j", "list", "chains"]);
  if (!listed.ok) return undefined;
  const sentences = [];
  for (const chain of droppingForwardChains(listed.output, table)) {
    const text = await nft(["list", "chain", chain.family, chain.table, chain.chain]);
    if (text.ok && acceptsMark(text.output, marks)) continue;
    sentences.push(
      `chain ${chain.chain} of table ${chain.family} ${chain.table} drops what is forwarded, the kernel plane's ` +
        `transfers too unless a rule accepts them: ${acceptingRule(chain, marks)}`,
    );
  }
  return sentences;
}
