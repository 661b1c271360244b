// Drop policies of others, while the plane runs: a chain that drops what is forwarded may be loaded at any time, by a firewall
// that starts later or by a hand. Where somebody else has changed a ruleset, it is looked at again. That is asked for: the kernel would
// tell by itself, but then of each pinhole too, which took a tenth of the processor time of a small file.
import type { Netfilter } from "./netlink/netfilter.ts";
import { dropsForwarded } from "./nftables/table.ts";
import type { Preparation } from "./plane-preparation.ts";

/** `drops`: the sentences that were told at the start, one for each chain. */
type Settings = Pick<Preparation, "table" | "marks" | "yieldsToDropPolicy" | "note"> & {
  readonly drops: readonly string[];
};

/**
 * Tells of chains that drop the plane's transfers from now on, and when the last of them is gone. Where the plane yields to
 * them, `standBack` is called with the reason, and with undefined when there is none any more.
 */
export function watchDropPolicies(
  netfilter: Pick<Netfilter, "changesOfOthers">,
  settings: Settings,
  standBack: (reason: string | undefined) => void,
): { close(): void } {
  const { table, marks, yieldsToDropPolicy, note } = settings;
  const review = reviewDrops(settings.drops, note, (drops) => {
    if (yieldsToDropPolicy) standBack(drops.length > 0 ? drops.join("; ") : undefined);
  });
  let isClosed = false;
  const look = lookInTurn(async () => {
    const drops = await dropsForwarded(table, marks);
    if (drops !== undefined && !isClosed) review(drops);
  });
  let seen = netfilter.changesOfOthers();
  if (seen === undefined) {
    note("warn", "a firewall chain that is loaded from now on and drops what is forwarded is not noticed");
  }
  // One may have come between the look at the start and now.
  look.soon();
  const timer = setInterval(() => {
    const changes = netfilter.changesOfOthers();
    if (changes === undefined || changes === seen) return;
    seen = changes;
    look.soon();
  }, askEveryMs);
  return {
    close() {
      isClosed = true;
      clearInterval(timer);
      look.stop();
    },
  };
}

const askEveryMs = 500;

/** Takes the sentences on all chains that drop now, and tells of those that were not there the last time. */
export function reviewDrops(
  told: readonly string[],
  note: Preparation["note"],
  changed: (drops: readonly string[]) => void,
): (drops: readonly string[]) => void {
  let known = told;
  return (drops) => {
    const added = drops.filter((text) => !known.includes(text));
    for (const text of added) note("warn", text);
    if (known.length > 0 && drops.length === 0) note("info", "no chain drops the kernel plane's transfers any more");
    const isChanged = added.length > 0 || drops.length !== known.length;
    known = drops;
    if (isChanged) changed(drops);
  };
}

/** A ruleset is loaded in many steps, and a busy firewall changes it all the time: one look is enough for all within this time. */
const lookAfterMs = 1000;

/** One look at a time, each no earlier than a while after it was asked for. A look is over when its promise resolves. */
export function lookInTurn(look: () => Promise<void>, afterMs = lookAfterMs): { soon(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  let isWantedAgain = false;
  let isStopped = false;

  function soon(): void {
    if (isLooking) isWantedAgain = true;
    else if (!isStopped) timer ??= setTimeout(() => void begin(), afterMs);
  }

  async function begin(): Promise<void> {
    timer = undefined;
    isLooking = true;
    await look();
    isLooking = false;
    if (!isWantedAgain) return;
    isWantedAgain = false;
    soon();
  }

  return {
    soon,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
