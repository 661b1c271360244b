// Memory of whether this machine forwards a family of addresses: asked for every pinhole, read from /proc at most every 5 s.
import { type Family, familyOf } from "../../net/endpoint.ts";

const rememberedMs = 5000;

export function rememberForwarding(
  read: (family: Family) => boolean,
  now: () => number = () => performance.now(),
): (address: string) => boolean {
  let readAt = -Infinity;
  let forwards: Readonly<Record<Family, boolean>> = { 4: true, 6: true };
  return (address) => {
    if (now() - readAt > rememberedMs) {
      readAt = now();
      forwards = { 4: read(4), 6: read(6) };
    }
    return forwards[familyOf(address)];
  };
}
