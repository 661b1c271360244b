// Warnings of a configuration: what is no reason not to start, but was hardly meant.
import type { Config, Problem } from "../config/config.ts";
import { openDoors } from "../config/open-doors.ts";
import { unworkableValues } from "../config/unworkable.ts";
import { coveredEntries } from "../session/covered-entries.ts";

/** Each with its path: open doors, and entries of `policies` that never match. */
export function warningsOf(config: Config): readonly Problem[] {
  return [...openDoors(config), ...unworkableValues(config), ...neverMatching(config)];
}

function neverMatching({ gateways }: Config): Problem[] {
  return gateways.flatMap(({ policies }, gateway) =>
    coveredEntries(policies).map(({ entry, by }) => ({
      path: `gateways[${gateway}].policies[${entry}]`,
      message: `never matches: ${by.map((place) => `policies[${place}]`).join(" and ")} before it ${by.length > 1 ? "take" : "takes"} all of it`,
    })),
  );
}
