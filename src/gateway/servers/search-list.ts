// Search list: the names that are asked for one after the other where a short one is meant, resolv.conf(5).

export type SearchList = {
  readonly domains: readonly string[];
  /** A name with so many dots is asked for as it is first, else last. */
  readonly ndots: number;
};

/** As many as the C library takes, too. */
const maxDomains = 6;
const maxDots = 15;

/** Of the text of resolv.conf: the last `search` or `domain` counts. */
export function parseSearchList(text: string): SearchList {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split("\n")) {
    const [key, ...words] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (key === "search" || key === "domain") {
      domains = words.map((word) => word.toLowerCase().replace(/\.$/, "")).filter((word) => word !== "");
    } else if (key === "options") {
      const digits = words.flatMap((word) => /^ndots:(\d{1,3})$/.exec(word)?.[1] ?? []).at(-1);
      if (digits !== undefined) ndots = Math.min(Number(digits), maxDots);
    }
  }
  return { domains: domains.slice(0, maxDomains), ndots };
}

/** The names to ask for, in their order. */
export function namesToAsk(host: string, { domains, ndots }: SearchList): readonly string[] {
  const dots = host.split(".").length - 1;
  const longer = domains.map((domain) => `${host}.${domain}`).filter((name) => name.length <= 253);
  return dots >= ndots ? [host, ...longer] : [...longer, host];
}
