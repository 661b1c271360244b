// Data planes of a process, and which of them carries for which gateway: each transfer goes to the first that can, in
// the order kernel, splice, relay, beginning with the one that the gateway's configuration names.
import type { Config, GatewayConfig } from "../config/config.ts";
import { createFallbackPlane } from "../dataplane/fallback.ts";
import { createKernelPlane } from "../dataplane/kernel/kernel-plane.ts";
import type { DataPlane, MissingPlane, PlaneName } from "../dataplane/pinhole.ts";
import { withNodeTurns } from "../dataplane/node-turns.ts";
import { createRelayPlane } from "../dataplane/relay/relay.ts";
import { loadSplicePlane } from "../dataplane/splice/splice.ts";
import type { Sockets } from "../sockets/sockets.ts";

export type Planes = {
  /** The plane for a gateway, made of those that the configuration at the start had a use for. */
  of(gateway: GatewayConfig): DataPlane;
  /** To be called once no gateway uses them any more. */
  stop(): Promise<void>;
};

export type PlanesTelemetry = {
  note(level: "info" | "warn", text: string): void;
  /** A plane has opened a pinhole. `why`: what kept better ones from it, empty if nothing did. */
  chose(gateway: GatewayConfig, plane: PlaneName, why: string): void;
};

type Tools = {
  readonly note: PlanesTelemetry["note"];
  /** The process takes the place of another one, which may still run. */
  readonly isSuccessor?: boolean | undefined;
  /** What connections stand on. */
  readonly sockets: Sockets;
};
type MadePlane = { readonly plane: DataPlane } | { readonly unavailable: string };

/** How each plane is made, the best first. */
const makers: Readonly<Record<PlaneName, (config: Config, tools: Tools) => MadePlane | Promise<MadePlane>>> = {
  // What `auto` takes must work as the machine is; who names the kernel may have firewall rules that we can't judge.
  async kernel(config, { note, isSuccessor = false, sockets: { kind, letNodeTurn } }) {
    const options = { yieldsToDropPolicy: !namesKernel(config), note, isSuccessor };
    const made = await createKernelPlane({ ...config.kernel, ...options });
    return kind === "node" || !("plane" in made) ? made : { plane: withNodeTurns(made.plane, letNodeTurn) };
  },
  splice(_, { sockets: { loop } }) {
    const loaded = loadSplicePlane({ loop });
    return loaded.ok ? { plane: loaded.plane } : { unavailable: loaded.reason };
  },
  relay: (_, { sockets: { loop } }) => ({ plane: createRelayPlane({ loop }) }),
};
const instead = "the next one carries instead, and ftp-alg doctor says what this one takes";
const order = Object.keys(makers) as PlaneName[];

/** The planes a gateway may use, the best first. */
export function plannedPlanes({ dataPlane, route }: GatewayConfig): readonly PlaneName[] {
  const planned = dataPlane === "auto" ? order : order.slice(order.indexOf(dataPlane));
  // Redirected data connections go to an address of ours, whichever their clients dialled; a pinhole of the kernel is at one.
  const isRedirected = route.kind === "transparent" && route.method === "redirect";
  return planned.filter((name) => name !== "kernel" || !isRedirected);
}

/** Whether a gateway names the kernel plane, and does not just take the best there is. */
export function namesKernel({ gateways }: Config): boolean {
  return gateways.some(({ dataPlane }) => dataPlane === "kernel");
}

/** A plane that a gateway names and that is not available is a warning; one that only `auto` would take is information. */
export async function createPlanes(
  config: Config,
  telemetry: PlanesTelemetry,
  standing: Omit<Tools, "note">,
): Promise<Planes> {
  const wanted = new Set(config.gateways.flatMap(plannedPlanes));
  const available = new Map<PlaneName, DataPlane>();
  /** Those that a gateway names; what only `auto` would take is missed by nobody. */
  const absent: MissingPlane[] = [];
  const { note } = telemetry;
  for (const name of order.filter((one) => wanted.has(one))) {
    const made = await makers[name](config, { note, ...standing });
    if ("plane" in made) {
      available.set(name, made.plane);
      continue;
    }
    const isNamed = config.gateways.some(({ dataPlane }) => dataPlane === name);
    if (isNamed) absent.push({ plane: name, why: made.unavailable });
    note(isNamed ? "warn" : "info", `the data plane ${name} is not available: ${made.unavailable}; ${instead}`);
  }

  return {
    of(gateway) {
      const planned = plannedPlanes(gateway);
      for (const name of planned.filter((one) => !wanted.has(one))) {
        const level = gateway.dataPlane === name ? "warn" : "info";
        note(level, `the data plane ${name} takes a restart: no gateway had a use for it at the start`);
      }
      const planes = planned.flatMap((name) => available.get(name) ?? []);
      const missed = absent.filter(({ plane }) => plane === gateway.dataPlane);
      return createFallbackPlane(planes, (plane, why) => telemetry.chose(gateway, plane, why), missed);
    },
    async stop() {
      await Promise.all([...available.values()].map((plane) => plane.stop()));
    },
  };
}
