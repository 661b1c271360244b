// Kernel plane: the plane whose bytes never leave the kernel. A pinhole is a translation of addresses and ports in the gateway's own
// nftables table, opened by one netlink batch; what becomes of the connection is known from connection tracking. This file
// makes the plane: it finds out whether this machine can carry data connections so, loads the table, and hands conntrack events
// to the pinholes (nat-pinhole.ts) that they concern.
//
// What the other planes can and this one can't: hold the server's bytes back until the transfer is announced (`confirm`), tell
// of strangers (the kernel refuses them unseen), count payload (it counts IP bytes), and carry for peers on this machine.
import type { Server } from "node:net";
import { loadFfi } from "../../sockets/ffi.ts";
import { familyOf } from "../../net/endpoint.ts";
import { soon } from "../../sockets/soon.ts";
import type { DataPlane, PinholeEvent, PinholeOutcome, PinholeRequest } from "../pinhole.ts";
import { createConnectionAborter } from "./connection-abort.ts";
import type { Connection, ConntrackEvent } from "./netlink/conntrack-message.ts";
import { descriptorReader } from "../../sockets/descriptor-reader.ts";
import { openEventStream } from "./events/event-stream.ts";
import { createMarks, type Marks } from "./marks.ts";
import { type NatPinhole, openNatPinhole } from "./nat-pinhole.ts";
import { createNetfilter, type Netfilter } from "./netlink/netfilter.ts";
import { natLegs } from "./peers-fit.ts";
import { rememberRoutes } from "./route-memory.ts";
import { defaultPinholes, defaultTable } from "./nftables/ruleset.ts";
import { readSysctl, switchOn, sysctlCommand } from "./sysctls.ts";
import { errnoName, errnos } from "../../sockets/system-calls.ts";
import { dropsForwarded, loadTable, removeTable } from "./nftables/table.ts";
import { ownTable } from "./nftables/table-owner.ts";
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
  readonly note?: (level: "info" | "warn", text: string) => void;
};

export type KernelPlane = { readonly plane: DataPlane } | { readonly unavailable: string };

/** A plane that was refused by the kernel asks again after this time. */
const probeAgainMs = 5000;
/** Events are read as soon as this process gets to it. */
const rememberedMs = 2000;
const unused: ReadonlySet<PinholeOutcome> = new Set(["expired", "released"]);

export async function createKernelPlane(options: KernelPlaneOptions = {}): Promise<KernelPlane> {
  const table = options.table ?? defaultTable;
  const note = options.note ?? (() => {});
  const marks = createMarks(options.mark, options.mask);
  const loaded = loadFfi();
  if (!loaded.ok) return { unavailable: loaded.reason };
  const owner = await ownTable(table);
  if ("taken" in owner) return { unavailable: `table inet ${table}: ${owner.taken}` };
  const netfilter = createNetfilter(loaded.ffi, table, marks);
  if ("errno" in netfilter) {
    owner.close();
    return { unavailable: `no netlink socket: ${errnoName(netfilter.errno)}` };
  }
  const obstacle = await prepare(netfilter, table, marks, options, note);
  const plane = obstacle ?? startPlane(netfilter, owner, { ...options, table, marks, note });
  if (typeof plane !== "string") return { plane };
  netfilter.stop();
  owner.close();
  return { unavailable: plane };
}

type Note = (level: "info" | "warn", text: string) => void;

/** Loads the table where this machine can use it; why the plane can't be used, else undefined. Then nothing is left behind. */
async function prepare(
  netfilter: Netfilter,
  table: string,
  marks: Marks,
  { pinholes = defaultPinholes, yieldsToDropPolicy = false }: KernelPlaneOptions,
  note: Note,
): Promise<string | undefined> {
  if (!readSysctl("forward4").isGood && !readSysctl("forward6").isGood) {
    return `this machine forwards nothing: ${sysctlCommand("forward4")}`;
  }
  const drops = await dropsForwarded(table, marks);
  if (yieldsToDropPolicy && drops.length > 0) return drops.join("; ");
  for (const text of drops) note("warn", text);
  const obstacle = (await loadTable(netfilter, { table, marks, pinholes }, note)) ?? trackingObstacle(netfilter);
  if (obstacle !== undefined) await removeTable(table);
  else countBytes(note);
  return obstacle;
}

function trackingObstacle(netfilter: Netfilter): string | undefined {
  if (!readSysctl("events").isGood) return `connection tracking tells nobody: ${sysctlCommand("events")}`;
  const connections = netfilter.list();
  if (typeof connections !== "number") return undefined;
  return `connection tracking does not answer (module nf_conntrack_netlink): ${errnoName(connections)}`;
}

function countBytes(note: Note): void {
  if (readSysctl("accounting").isGood) return;
  if (switchOn("accounting")) return note("info", "connection tracking counts bytes from now on (nf_conntrack_acct)");
  note("warn", `bytes count as 0, and no stall is noticed: ${sysctlCommand("accounting")}`);
}

type Setting = KernelPlaneOptions & { readonly table: string; readonly marks: Marks; readonly note: Note };

function startPlane(netfilter: Netfilter, owner: Server, setting: Setting): DataPlane | string {
  const { table, marks, note, pinholes = defaultPinholes, eventBufferBytes: bufferBytes } = setting;
  const live = new Map<number, NatPinhole>();
  /** Closed without having been used: the event that it was used after all may be on its way. */
  const recentlyClosed = new Map<number, NatPinhole>();
  const aborter = createConnectionAborter(netfilter, marks);
  const usedPinholes = createUsedPinholes(netfilter);
  // Numbers of a gateway before us may still be on living connections.
  let nextNumber = Math.floor(Math.random() * marks.numbers);
  let stopping: Promise<void> | undefined;
  let allClosed: (() => void) | undefined;
  let failure: string | undefined;
  let refusal: { readonly text: string; readonly errno: number; probedAt: number } | undefined;
  let forwards = { at: -Infinity, ipv4: true, ipv6: true };

  const route = rememberRoutes(netfilter.route);
  const isWanted = () => live.size > 0 || recentlyClosed.size > 0;
  const listener = { event: handOver, lost: resynchronise, failed, isWanted };
  const readDescriptor = descriptorReader(owner);
  if (readDescriptor === undefined) return "this version of Node has no handle that reads a netlink socket";
  const events = openEventStream(netfilter.calls, readDescriptor, { marks, bufferBytes }, listener);
  if ("errno" in events) return `no conntrack events: ${errnoName(events.errno)}`;
  const stream = events;

  return { name: "kernel", unfit, open, refreshCounts: nothing, stop };

  function handOver(told: ConntrackEvent) {
    const number = (told.connection.mark & marks.numbers) >>> 0;
    (live.get(number) ?? recentlyClosed.get(number))?.event(told);
  }

  function resynchronise() {
    const connections = netfilter.list();
    if (typeof connections === "number") {
      return note("warn", `conntrack events were lost, and the kernel does not answer: ${errnoName(connections)}`);
    }
    note("info", "conntrack events were lost; the kernel was asked instead");
    const found = new Map<number, Connection[]>();
    for (const connection of connections) {
      const number = (connection.mark & marks.numbers) >>> 0;
      found.set(number, [...(found.get(number) ?? []), connection]);
    }
    for (const [number, pinhole] of [...live]) pinhole.resynchronise(found.get(number) ?? []);
  }

  function failed(errno: number) {
    failure = `no conntrack events any more: ${errnoName(errno)}`;
    note("warn", failure);
    resynchronise();
  }

  function unfit(request: PinholeRequest): string | undefined {
    const standing = standingObstacle();
    if (standing !== undefined) return standing;
    const legs = natLegs(request, route);
    if (typeof legs === "string") return legs;
    return forwarding(legs.peer) ? undefined : `IPv${familyOf(legs.peer)} is not forwarded by this machine`;
  }

  function standingObstacle(): string | undefined {
    if (stopping) return "the data plane is stopping";
    if (failure !== undefined || refusal === undefined) return failure;
    if (performance.now() - refusal.probedAt < probeAgainMs) return refusal.text;
    refusal.probedAt = performance.now();
    if (netfilter.probe() !== 0) return refusal.text;
    note("info", "the kernel plane is usable again");
    refusal = undefined;
    return undefined;
  }

  function forwarding(address: string): boolean {
    if (performance.now() - forwards.at > probeAgainMs) {
      forwards = { at: performance.now(), ipv4: readSysctl("forward4").isGood, ipv6: readSysctl("forward6").isGood };
    }
    return familyOf(address) === 4 ? forwards.ipv4 : forwards.ipv6;
  }

  function open(request: PinholeRequest, report: (event: PinholeEvent) => void) {
    const legs = standingObstacle() ?? natLegs(request, route);
    if (typeof legs === "string") {
      soon(() => report({ kind: "refused", reason: "plane-unavailable", detail: legs }));
      return inert;
    }
    const number = takeNumber();
    const tools = { netfilter, usedPinholes, marks, number, abort: aborter.abort, refused, fetchEvents: stream.fetch };
    const pinhole = openNatPinhole(tools, request, legs, (event) => {
      if (event.kind === "closed" || event.kind === "refused") live.delete(number);
      if (event.kind === "closed" && unused.has(event.outcome)) rememberClosed(number, pinhole);
      report(event);
      if (live.size === 0) allClosed?.();
    });
    live.set(number, pinhole);
    stream.lookSoon();
    return pinhole.pinhole;
  }

  function rememberClosed(number: number, pinhole: NatPinhole) {
    recentlyClosed.set(number, pinhole);
    setTimeout(() => recentlyClosed.delete(number), rememberedMs).unref();
  }

  function takeNumber(): number {
    do nextNumber = (nextNumber + 1) & marks.numbers;
    while (live.has(nextNumber));
    return nextNumber;
  }

  /** The first refusal of a kind is told, and the plane stands back until the kernel would take a pinhole again. */
  function refused(errno: number): string {
    const text = refusalText(errno, table);
    // A map that is full has room again with the next transfer that ends.
    if (errno === errnos.enfile) return text;
    if (refusal?.errno !== errno) note("warn", `the kernel plane stands back: ${text}`);
    refusal = { text, errno, probedAt: performance.now() };
    if (errno === errnos.enoent) void reload();
    return text;
  }

  async function reload() {
    const obstacle = await loadTable(netfilter, { table, marks, pinholes }, note);
    if (obstacle === undefined && refusal) refusal.probedAt = -Infinity;
  }

  function stop(): Promise<void> {
    stopping ??= (async () => {
      for (const { pinhole } of live.values()) pinhole.release();
      if (live.size > 0) await new Promise<void>((resolve) => (allClosed = resolve));
      await aborter.stop();
      usedPinholes.clear();
      stream.close();
      netfilter.stop();
      await removeTable(table);
      owner.close();
    })();
    return stopping;
  }
}

const nothing = () => {};
const inert = {
  start: nothing,
  confirm: nothing,
  linger: nothing,
  release: nothing,
  dismiss: nothing,
  counts: () => ({ bytesUp: 0, bytesDown: 0 }),
};

function refusalText(errno: number, table: string): string {
  const reasons: Readonly<Record<number, string>> = {
    [errnos.eperm]: "nftables may not be changed (CAP_NET_ADMIN is missing)",
    [errnos.enoent]: `table inet ${table} or a map of it is gone`,
    [errnos.enfile]: `a map of table inet ${table} is full`,
  };
  return `${errnoName(errno)}: ${reasons[errno] ?? "the pinhole was refused"}`;
}
