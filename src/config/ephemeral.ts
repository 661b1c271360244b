// Ephemeral ports, the one check of a configuration that depends on the machine: data ports that the system also hands out
// as ephemeral ports. Pure; who reads /proc is the wiring.
import type { PortRange } from "../gateway/options.ts";
import type { Config, Problem } from "./config.ts";
import { formatRange } from "./settings.ts";

/** What Linux says in net.ipv4.ip_local_port_range and net.ipv4.ip_local_reserved_ports (which also rule IPv6). */
export type MachinePorts = { readonly ephemeral: PortRange; readonly reserved: readonly PortRange[] };

/** Why any socket of the machine may own a port of that range when a pinhole needs it, and the cure; else undefined. */
export function ephemeralOverlap(
  range: PortRange,
  ephemeral: PortRange,
  reserved: readonly PortRange[],
): string | undefined {
  const exposed = { first: Math.max(range.first, ephemeral.first), last: Math.min(range.last, ephemeral.last) };
  if (exposed.first > exposed.last || isCovered(exposed, reserved)) return undefined;
  const list = merge([...reserved, exposed])
    .map(formatRange)
    .join(",");
  return (
    `${formatRange(range)} overlaps the ephemeral ports ${formatRange(ephemeral)}, so any socket of this machine may hold one ` +
    `of them; reserve them (net.ipv4.ip_local_reserved_ports): sysctl -w net.ipv4.ip_local_reserved_ports=${list}`
  );
}

/** The overlaps of a whole configuration: worth a warning at start, no reason not to start. */
export function ephemeralWarnings({ gateways }: Config, { ephemeral, reserved }: MachinePorts): readonly Problem[] {
  return gateways.flatMap((gateway, index) =>
    (["clientSide", "serverSide"] as const).flatMap((side) => {
      const range = gateway[side].dataPorts;
      const message = range && ephemeralOverlap(range, ephemeral, reserved);
      return message === undefined ? [] : [{ path: `gateways[${index}].${side}.dataPorts`, message }];
    }),
  );
}

function isCovered(range: PortRange, reserved: readonly PortRange[]): boolean {
  return merge(reserved).some(({ first, last }) => first <= range.first && range.last <= last);
}

/** Sorted, and what overlaps or touches joined. */
function merge(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (before && range.first <= before.last + 1)
      merged.splice(-1, 1, { first: before.first, last: Math.max(before.last, range.last) });
    else merged.push(range);
  }
  return merged;
}
