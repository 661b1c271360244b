// Drop policies of others, while the plane runs: a chain that drops what is forwarded may be loaded at any time, by a firewall
// that starts later or by a hand. The kernel tells of every change of a ruleset; then it is looked at again.
import { descriptorReader } from "../../sockets/descriptor-reader.ts";
import { errnoName, type SystemCalls } from "../../sockets/system-calls.ts";
import { subscribeRulesetWakeups } from "./events/event-wakeup.ts";
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
  calls: SystemCalls,
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
  const readDescriptor = descriptorReader(calls);
  const wakeups = readDescriptor && subscribeRulesetWakeups(calls, readDescriptor, look.soon);
  if (wakeups === undefined || "errno" in wakeups) {
    const why = wakeups === undefined ? "this version of Node can't read a netlink socket" : errnoName(wakeups.errno);
    note("warn", `a firewall chain that is loaded from now on and drops what is forwarded is not noticed: ${why}`);
    return { close: look.stop };
  }
  // One may have come between the look at the start and the subscription.
  look.soon();
  return {
    close() {
      isClosed = true;
      wakeups.close();
      look.stop();
    },
  };
}

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
