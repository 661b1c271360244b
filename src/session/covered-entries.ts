// Covered entries: entries of `policies` that can't match, because earlier ones take all that they are for.
import { networkContains, type Network } from "../net/endpoint.ts";
import type { PolicyEntry } from "./options.ts";
import { isUserMeant } from "./user-pattern.ts";

/** The places of such entries, each with those of the earlier ones. */
export function coveredEntries(entries: readonly PolicyEntry[]): { readonly entry: number; readonly by: number[] }[] {
  return entries
    .map((entry, place) => ({ entry: place, by: coveringEntries(entry, entries.slice(0, place)) }))
    .filter(({ by }) => by.length > 0);
}

/** One network and one pattern of an entry; absent: anybody. */
type Part = { readonly clients: Network | undefined; readonly user: string | undefined };

function partsOf({ clients = [undefined], users = [undefined] }: Nullable): Part[] {
  return clients.flatMap((network) => users.map((user) => ({ clients: network, user })));
}

type Nullable = {
  readonly clients?: readonly (Network | undefined)[];
  readonly users?: readonly (string | undefined)[];
};

/** The places of earlier entries of which each takes a part of this one, and together all of it; empty if some part is left. */
function coveringEntries(entry: PolicyEntry, earlier: readonly PolicyEntry[]): number[] {
  const places = partsOf(entry).map((part) => earlier.findIndex((one) => partsOf(one).some((by) => covers(by, part))));
  return places.includes(-1) ? [] : [...new Set(places)].toSorted((a, b) => a - b);
}

function covers(by: Part, part: Part): boolean {
  return isNetworkWithin(part.clients, by.clients) && isPatternWithin(part.user, by.user);
}

function isNetworkWithin(inner: Network | undefined, outer: Network | undefined): boolean {
  if (outer === undefined) return true;
  return inner !== undefined && inner.bits >= outer.bits && networkContains(outer, inner.base);
}

/** A pattern read as a name: its `*` is matched by a `*` alone, its `?` by that or by `?`. */
function isPatternWithin(inner: string | undefined, outer: string | undefined): boolean {
  if (outer === undefined) return true;
  return inner !== undefined && isUserMeant(outer, inner);
}
