// Slices: what each of several processes with one configuration has for itself: a part of every range of data ports, a table of the
// kernel data plane, and a mark. The slices of all of them together are the whole, and no two have anything in common.
import type { DataPorts, PortRange } from "../gateway/options.ts";
import type { Config, GatewayConfig, KernelConfig, Problem } from "./config.ts";
import { formatRange } from "./settings.ts";

/** One process of several. `index`: from 0 on, below `of`. */
export type Slice = { readonly index: number; readonly of: number };

/** The configuration of that process alone, where `sliceProblems` has found nothing. The whole one is a slice of itself. */
export function sliceConfig(config: Config, slice: Slice): Config {
  if (slice.of === 1) return config;
  const gateways = config.gateways.map((gateway) => sliceGateway(gateway, slice));
  return { ...config, kernel: sliceKernel(config.kernel, slice), gateways };
}

/** Why `of` processes can't share the configuration, each with the path of what is too small. `key`: what asks for so many. */
export function sliceProblems({ kernel, gateways }: Config, of: number, key: string): readonly Problem[] {
  const needed = `fewer than ${key} takes: each process has at least one of its own`;
  const marks = marksOf(kernel);
  return [
    ...rangesOf(gateways).flatMap(({ path, range }) =>
      sizeOf(range) < of
        ? [{ path, message: `${formatRange(range)} has ${counted(sizeOf(range), "port")}, ${needed}` }]
        : [],
    ),
    ...(marks < of ? [{ path: "kernel.mask", message: `leaves ${counted(marks, "mark")}, ${needed}` }] : []),
  ];
}

/** So many processes can share the configuration. */
export function mostSlices({ kernel, gateways }: Config): number {
  return Math.min(marksOf(kernel), ...rangesOf(gateways).map(({ range }) => sizeOf(range)));
}

/** Its part of a range. The parts differ in size by one port at most; what is advertised instead of it is cut at the same places. */
export function slicePorts({ first, last, advertised }: DataPorts, { index, of }: Slice): DataPorts {
  const size = last - first + 1;
  const from = Math.floor((index * size) / of);
  const to = Math.floor(((index + 1) * size) / of) - 1;
  const part = { first: first + from, last: first + to };
  if (advertised === undefined) return part;
  return { ...part, advertised: { first: advertised.first + from, last: advertised.first + to } };
}

function sliceGateway({ clientSide, serverSide, ...gateway }: GatewayConfig, slice: Slice): GatewayConfig {
  const part = <S extends { readonly dataPorts?: DataPorts }>(side: S): S =>
    side.dataPorts === undefined ? side : { ...side, dataPorts: slicePorts(side.dataPorts, slice) };
  return { ...gateway, clientSide: part(clientSide), serverSide: part(serverSide) };
}

/** The marks are counted on from the configured one; behind the last that the mask allows comes the first. 0 is nobody's. */
function sliceKernel(kernel: KernelConfig, { index }: Slice): KernelConfig {
  const step = lowestBit(kernel.mask);
  const marks = marksOf(kernel);
  const mark = (((kernel.mark / step - 1 + index) % marks) + 1) * step;
  return { ...kernel, table: `${kernel.table}_${index}`, mark };
}

/** The mask is of topmost bits: so many different marks there are. */
function marksOf({ mask }: KernelConfig): number {
  return mask / lowestBit(mask);
}

function lowestBit(mask: number): number {
  return (mask & -mask) >>> 0;
}

function rangesOf(gateways: readonly GatewayConfig[]): readonly { readonly path: string; readonly range: PortRange }[] {
  return gateways.flatMap((gateway, index) =>
    (["clientSide", "serverSide"] as const).flatMap((side) => {
      const { dataPorts: range } = gateway[side];
      return range === undefined ? [] : [{ path: `gateways[${index}].${side}.dataPorts`, range }];
    }),
  );
}

function sizeOf({ first, last }: PortRange): number {
  return last - first + 1;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
