// `ftp-alg ruleset`: the nftables ruleset that a configuration needs, as text for `nft -f`. It asks nothing of the machine.
import type { Config } from "../config/config.ts";
import { warningsOf } from "../process/warnings.ts";
import { formatRange } from "../config/settings.ts";
import { sliceConfig } from "../config/slices.ts";
import { createMarks, formatMark, markMatch } from "../dataplane/kernel/marks.ts";
import { defaultPinholes, formatRuleset } from "../dataplane/kernel/nftables/ruleset.ts";
import { interceptionRuleset } from "../gateway/entrance/interception-ruleset.ts";
import type { Io } from "../process/io.ts";
import { plannedPlanes } from "../process/planes.ts";
import { workerCount } from "../process/workers/worker-count.ts";

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

function kernelPart(config: Config): string {
  const { gateways } = config;
  const kernels = slicesOf(config).map(({ kernel }) => kernel);
  const marks = kernels.map(({ mark, mask }) => createMarks(mark, mask));
  const isNamed = gateways.some(({ dataPlane }) => dataPlane === "kernel");
  const notes = [
    `The data plane kernel${isNamed ? "" : " (dataPlane: auto takes it where it can)"}. The gateway loads this table itself when it starts and`,
    "takes it away when it ends; loaded by hand, it serves a gateway on a machine without the program nft.",
    "It needs CAP_NET_ADMIN, and of the machine:",
    "  sysctl -w net.ipv4.ip_forward=1",
    "  sysctl -w net.ipv6.conf.all.forwarding=1",
    "  sysctl -w net.netfilter.nf_conntrack_acct=1",
    `A chain of yours that drops what is forwarded needs ${kernels.length === 1 ? "one rule" : "one rule for each worker"}, ahead of the others:`,
    ...marks.map((one) => `  ${markMatch(one)} accept`),
    "or, with iptables:",
    ...kernels.map(
      ({ mark, mask }) => `  iptables -I FORWARD -m connmark --mark ${formatMark(mark)}/${formatMark(mask)} -j ACCEPT`,
    ),
  ];
  const tables = kernels.map(({ table, mark, mask }) =>
    formatRuleset({ table, marks: createMarks(mark, mask), pinholes: defaultPinholes }),
  );
  return comment(notes) + tables.join("\n");
}

/** One for each worker. */
function slicesOf(config: Config): readonly Config[] {
  const of = workerCount(config);
  return Array.from({ length: of }, (_, index) => sliceConfig(config, { index, of }));
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
