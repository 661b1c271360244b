// Other tables' chains that drop what is forwarded unless a rule of theirs accepts it: an accept in our own table does not
// overrule them.
import { formatMark, type Marks, markMatch } from "../marks.ts";

export type DroppingChain = { readonly family: string; readonly table: string; readonly chain: string };

/** From the output of `nft -j list chains`; nothing of what is malformed. */
export function droppingForwardChains(json: string, ownTable: string): DroppingChain[] {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    return [];
  }
  const listed = get(document, "nftables");
  return (Array.isArray(listed) ? (listed as unknown[]) : []).flatMap((entry) => {
    const chain = get(entry, "chain");
    const [family, table, name] = [get(chain, "family"), get(chain, "table"), get(chain, "name")];
    if (typeof family !== "string" || typeof table !== "string" || typeof name !== "string") return [];
    if (get(chain, "hook") !== "forward" || get(chain, "policy") !== "drop") return [];
    if (!["inet", "ip", "ip6"].includes(family) || (family === "inet" && table === ownTable)) return [];
    return [{ family, table, chain: name }];
  });
}

/** Whether the text of a chain (`nft list chain …`) has a rule that accepts our mark; nft writes the mask as a prefix too. */
export function acceptsMark(chainText: string, marks: Marks): boolean {
  const bits = 32 - Math.log2((~marks.mask >>> 0) + 1);
  const forms = [markMatch(marks), `ct mark ${formatMark(marks.value)}/${bits}`];
  return chainText.split("\n").some((line) => /\baccept\b/.test(line) && forms.some((form) => line.includes(form)));
}

/** The one rule that such a chain needs. */
export function acceptingRule({ family, table, chain }: DroppingChain, marks: Marks): string {
  return `nft insert rule ${family} ${table} ${chain} ${markMatch(marks)} accept`;
}

function get(holder: unknown, key: string): unknown {
  return typeof holder === "object" && holder !== null ? Reflect.get(holder, key) : undefined;
}
