// Memory of which way an address is routed: the question comes twice per pinhole, and always for the same
// few addresses.
import type { RouteKind } from "./netlink/route-message.ts";

const rememberedMs = 2000;
const addressesLimit = 1024;

export function rememberRoutes(
  ask: (address: string) => RouteKind,
  now: () => number = () => performance.now(),
): (address: string) => RouteKind {
  const known = new Map<string, { readonly kind: RouteKind; readonly until: number }>();
  return (address) => {
    const moment = now();
    const found = known.get(address);
    if (found && moment < found.until) return found.kind;
    if (known.size >= addressesLimit) known.clear();
    const kind = ask(address);
    known.set(address, { kind, until: moment + rememberedMs });
    return kind;
  };
}
