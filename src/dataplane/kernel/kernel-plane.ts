// Kernel plane: the plane whose bytes never leave the kernel. A pinhole is a translation of addresses and ports in the gateway's
// own nftables table, opened by one netlink batch; what becomes of the connection is known from connection tracking. This file
// makes the plane.
//
// What the other planes can and this one can't: hold the server's bytes back until the transfer is announced (`confirm`), tell
// of every stranger at once (the kernel refuses them by itself, and is asked for them now and then while a pinhole waits), count
// payload (it counts IP bytes), and carry for peers on this machine.
import { familyOf } from "../../net/endpoint.ts";
import { type Ffi, loadFfi } from "../../sockets/ffi.ts";
import { soon } from "../../sockets/soon.ts";
import { bindSystemCalls, errnoName } from "../../sockets/system-calls.ts";
import { unfitUnseen } from "../protected.ts";
import type { DataPlane, MissingPlane, Pinhole, PinholeEvent, PinholeOutcome, PinholeRequest } from "../pinhole.ts";
import { createConnectionAborter } from "./connection-abort.ts";
import { type Generation, ownGeneration, removeAbandoned } from "./generations.ts";
import { rememberForwarding } from "./forwarding-memory.ts";
import { createMarks } from "./marks.ts";
import { type NatPinhole, openNatPinhole } from "./nat-pinhole.ts";
import { createNatRegistry } from "./nat-registry.ts";
import { createCountRefresh } from "./count-refresh.ts";
import { watchDropPolicies } from "./drop-policies.ts";
import { createNetfilter, type Netfilter } from "./netlink/netfilter.ts";
import { defaultPinholes, defaultTable } from "./nftables/ruleset.ts";
import { loadTable, removeTable } from "./nftables/table.ts";
import { natLegs } from "./peers-fit.ts";
import { openPlaneEvents } from "./plane-events.ts";
import { createPlaneObstacle } from "./plane-obstacle.ts";
import { type Note, type Preparation, prepareMachine } from "./plane-preparation.ts";
import { rememberRoutes } from "./route-memory.ts";
import { readSysctl } from "./sysctls.ts";
import { createStrangerWatch, tellsOfStrangers } from "./stranger-watch.ts";
import { createUsedPinholes } from "./used-pinholes.ts";

export type KernelPlaneOptions = {
  /** Of the 32 bits of a connection mark: ours under the mask. The rest of the mark is overwritten too. */
  readonly mark?: number;
  readonly mask?: number;
  readonly table?: string;
  /** At one time, per address family. */
  readonly pinholes?: number;
  /** For conntrack events that wait to be read. */
  readonly eventBufferBytes?: number;
  /** Whether to stand back where another table's chain drops what is forwarded and has no rule for our mark. */
  readonly yieldsToDropPolicy?: boolean;
  /** What operators have to know. */
  readonly note?: Note;
  /** Takes the place of a process that may still run: its table stays, and this plane has another one. */
  readonly isSuccessor?: boolean;
};

export type KernelPlane = { readonly plane: DataPlane } | { readonly unavailable: string };

const unused: ReadonlySet<PinholeOutcome> = new Set(["expired", "released"]);

export async function createKernelPlane(options: KernelPlaneOptions = {}): Promise<KernelPlane> {
  const preparation: Preparation = {
    table: options.table ?? defaultTable,
    marks: createMarks(options.mark, options.mask),
    pinholes: options.pinholes ?? defaultPinholes,
    yieldsToDropPolicy: options.yieldsToDropPolicy ?? false,
    note: options.note ?? (() => {}),
  };
  const loaded = loadFfi();
  if (!loaded.ok) return { unavailable: loaded.reason };
  const generation = own(loaded.ffi, preparation, options.isSuccessor ?? false);
  if ("unavailable" in generation) return generation;
  const { table, owner } = generation;
  const netfilter = createNetfilter(loaded.ffi, table, preparation.marks);
  if ("errno" in netfilter) {
    owner.close();
    return { unavailable: `no netlink socket: ${errnoName(netfilter.errno)}` };
  }
  const mine = { ...preparation, table };
  const prepared = await prepareMachine(netfilter, mine);
  const plane =
    "obstacle" in prepared
      ? prepared.obstacle
      : startPlane(netfilter, generation, { ...mine, drops: prepared.drops }, options.eventBufferBytes);
  await removeAbandoned(netfilter.calls, preparation.table, table);
  if (typeof plane !== "string") return { plane };
  netfilter.stop();
  owner.close();
  return { unavailable: plane };
}

function own(ffi: Ffi, preparation: Preparation, isSuccessor: boolean): Generation | { readonly unavailable: string } {
  const warn = (text: string): void => preparation.note("warn", text);
  const generation = ownGeneration(bindSystemCalls(ffi), preparation, isSuccessor, warn);
  return "obstacle" in generation ? { unavailable: generation.obstacle } : generation;
}

/** The plane, or why it can't hear of connections. */
function startPlane(
  netfilter: Netfilter,
  { numbers, owner }: Generation,
  preparation: Preparation & { readonly drops: readonly string[] },
  bufferBytes: number | undefined,
): DataPlane | string {
  const { table, marks, note } = preparation;
  // Numbers of a gateway before us may still be on living connections.
  const registry = createNatRegistry<NatPinhole>(numbers.last, Math.floor(Math.random() * numbers.last), numbers.base);
  const reload = () => loadTable(netfilter, preparation, note);
  const obstacle = createPlaneObstacle({ table, note, probe: netfilter.probe, reload });
  const isForwarded = rememberForwarding((family) => readSysctl(`forward${family}`).isGood);
  const route = rememberRoutes(netfilter.route);
  const aborter = createConnectionAborter(netfilter, marks);
  const usedPinholes = createUsedPinholes(netfilter);
  let stopping: Promise<void> | undefined;
  let allClosed: (() => void) | undefined;

  const opened = openPlaneEvents(netfilter, registry, { marks, note, bufferBytes, failed: obstacle.failed });
  if (typeof opened === "string") return opened;
  const stream = opened;
  const dropPolicies = watchDropPolicies(netfilter, preparation, obstacle.standBack);
  const strangers = createStrangerWatch(netfilter.refused);
  const { abort } = aborter;
  const tools = { netfilter, usedPinholes, marks, abort, refused: obstacle.refused, fetchEvents: stream.fetch };

  const standing = () => (stopping ? "the data plane is stopping" : obstacle.current());

  function unfit(request: PinholeRequest): string | undefined {
    const legs = standing() ?? unfitUnseen(request) ?? natLegs(request, route);
    if (typeof legs === "string") return legs;
    return isForwarded(legs.peer) ? undefined : `IPv${familyOf(legs.peer)} is not forwarded by this machine`;
  }

  function missing(): readonly MissingPlane[] {
    const why = standing();
    return why === undefined ? [] : [{ plane: "kernel", why }];
  }

  function open(request: PinholeRequest, report: (event: PinholeEvent) => void): Pinhole {
    const legs = standing() ?? unfitUnseen(request) ?? natLegs(request, route);
    if (typeof legs === "string") {
      soon(() => report({ kind: "refused", reason: "plane-unavailable", detail: legs }));
      return inert;
    }
    const number = registry.take();
    const tell = tellsOfStrangers(strangers, legs, report);
    const pinhole = openNatPinhole({ ...tools, number }, request, legs, (event) => {
      if (event.kind === "refused") registry.closed(number, pinhole, false);
      if (event.kind === "closed") registry.closed(number, pinhole, unused.has(event.outcome));
      tell(event);
      if (registry.live.size === 0) allClosed?.();
    });
    registry.opened(number, pinhole);
    stream.lookSoon();
    return pinhole.pinhole;
  }

  async function stopAll() {
    for (const { pinhole } of registry.live.values()) pinhole.release();
    if (registry.live.size > 0) await new Promise<void>((resolve) => (allClosed = resolve));
    await aborter.stop();
    usedPinholes.clear();
    strangers.stop();
    stream.close();
    dropPolicies.close();
    netfilter.stop();
    await removeTable(table);
    owner.close();
  }

  const refreshCounts = createCountRefresh(registry.live);
  return { name: "kernel", unfit, open, refreshCounts, missing, stop: () => (stopping ??= stopAll()) };
}

const nothing = () => {};
const inert: Pinhole = {
  start: nothing,
  confirm: nothing,
  linger: nothing,
  release: nothing,
  dismiss: nothing,
  counts: () => ({ bytesUp: 0, bytesDown: 0 }),
};
