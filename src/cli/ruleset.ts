// `ftp-alg ruleset`: the nftables ruleset that a configuration needs, as text for `nft -f`. It asks nothing of the machine.
import type { Config } from "../config/config.ts";
import { warningsOf } from "../process/warnings.ts";
import { formatRange } from "../config/settings.ts";
import { createMarks, formatMark, markMatch } from "../dataplane/kernel/marks.ts";
import { defaultPinholes, formatRuleset } from "../dataplane/kernel/nftables/ruleset.ts";
import { interceptionRuleset } from "../gateway/entrance/interception-ruleset.ts";
import type { Io } from "../process/io.ts";
import { plannedPlanes } from "../process/planes.ts";

/** Returns the exit code. */
export function printRuleset(config: Config, io: Pick<Io, "out" | "err">): number {
  for (const { path, message } of warningsOf(config)) io.err(`warning: ${path}: ${message}\n`);
  io.out(formatNeeded(config));
  return 0;
}

export function formatNeeded(config: Config): string {
  const parts = [
    ...reservation(config),
    ...(config.gateways.some((gateway) => plannedPlanes(gateway).includes("kernel")) ? [kernelPart(config)] : []),
    ...config.gateways.flatMap((gateway) => {
      const { route } = gateway;
      return route.kind === "transparent" ? [interceptionRuleset({ ...gateway, route })] : [];
    }),
  ];
  return parts.length === 0 ? "# This configuration needs no rules.\n" : parts.join("\n");
}

function kernelPart({ kernel, gateways }: Config): string {
  const marks = createMarks(kernel.mark, kernel.mask);
  const isNamed = gateways.some(({ dataPlane }) => dataPlane === "kernel");
  const notes = [
    `The data plane kernel${isNamed ? "" : " (dataPlane: auto takes it where it can)"}. The gateway loads this table itself when it starts and`,
    "takes it away when it ends; loaded by hand, it serves a gateway on a machine without the program nft.",
    "It needs CAP_NET_ADMIN, and of the machine:",
    "  sysctl -w net.ipv4.ip_forward=1",
    "  sysctl -w net.ipv6.conf.all.forwarding=1",
    "  sysctl -w net.netfilter.nf_conntrack_acct=1",
    "A chain of yours that drops what is forwarded needs one rule, ahead of the others:",
    `  ${markMatch(marks)} accept`,
    "or, with iptables:",
    `  iptables -I FORWARD -m connmark --mark ${formatMark(kernel.mark)}/${formatMark(kernel.mask)} -j ACCEPT`,
  ];
  return comment(notes) + formatRuleset({ table: kernel.table, marks, pinholes: defaultPinholes });
}

/** Data ports that no other program of the machine should be given. */
function reservation({ gateways }: Config): string[] {
  const ranges = gateways.flatMap(({ clientSide, serverSide }) => [
    ...(clientSide.dataPorts ? [formatRange(clientSide.dataPorts)] : []),
    ...(serverSide.dataPorts ? [formatRange(serverSide.dataPorts)] : []),
  ]);
  if (ranges.length === 0) return [];
  return [
    comment([
      "Data ports that the system is not to give to other programs, besides those that are reserved already:",
      `  sysctl -w net.ipv4.ip_local_reserved_ports=${[...new Set(ranges)].join(",")}`,
    ]),
  ];
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => `# ${line}\n`).join("");
}
