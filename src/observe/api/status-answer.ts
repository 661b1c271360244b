// Status answer: the gateways of a process and what they have counted, as the API says it.
import { formatEndpoint, type Endpoint } from "../../net/endpoint.ts";
import type { MissingPlane, PlaneName, Side } from "../../dataplane/pinhole.ts";
import type { Metrics, Sample } from "../metrics.ts";
import type { GatewayStatusAnswer, StatusAnswer } from "./schemas.ts";

/** What the process knows of itself when somebody asks. */
export type ProcessStatus = Omit<StatusAnswer, "gateways"> & { readonly gateways: readonly GatewayFacts[] };

export type GatewayFacts = {
  readonly name: string;
  readonly listeners: readonly Endpoint[];
  readonly route: GatewayStatusAnswer["route"];
  readonly dataPlane?: PlaneName;
  readonly missingPlanes?: readonly MissingPlane[];
};

const names = [
  ...([
    "sessions_active",
    "sessions_limit",
    "transfers_active",
    "pinholes_active",
    "data_ports",
    "bans_active",
  ] as const),
  ...(["sessions_total", "transfers_total", "refusals_total", "failures_total"] as const),
  ...(["pinhole_strangers_total", "transfer_bytes_total"] as const),
] as const;
type Name = (typeof names)[number];

export async function statusAnswer(
  { gateways, ...process }: ProcessStatus,
  metrics: Pick<Metrics, "samples">,
): Promise<StatusAnswer> {
  const samples = await metrics.samples(names);
  return { ...process, gateways: gateways.map((gateway) => gatewayAnswer(gateway, samples)) };
}

function gatewayAnswer(facts: GatewayFacts, samples: ReadonlyMap<string, readonly Sample[]>): GatewayStatusAnswer {
  const own = (name: Name): readonly Sample[] =>
    (samples.get(name) ?? []).filter(({ labels }) => labels["gateway"] === facts.name);
  const total = (name: Name, label?: string, word?: string): number =>
    sum(own(name).filter(({ labels }) => label === undefined || labels[label] === word));
  /** Summed by the words of a label, which are of a closed set. */
  const by = (name: Name, label: string): Record<string, number> => {
    const words = new Set(own(name).map(({ labels }) => String(labels[label])));
    return Object.fromEntries([...words].map((word) => [word, total(name, label, word)]));
  };
  return {
    name: facts.name,
    listeners: facts.listeners.map(formatEndpoint),
    route: facts.route,
    ...(facts.dataPlane && { dataPlane: facts.dataPlane }),
    missingPlanes: [...(facts.missingPlanes ?? [])],
    sessions: total("sessions_active"),
    sessionsLimit: total("sessions_limit"),
    transfers: total("transfers_active"),
    pinholes: {
      client: total("pinholes_active", "side", "client"),
      server: total("pinholes_active", "side", "server"),
    },
    dataPorts: { ...portsOf("client", own("data_ports")), ...portsOf("server", own("data_ports")) },
    bans: total("bans_active"),
    totals: {
      sessions: by("sessions_total", "end"),
      transfers: by("transfers_total", "outcome"),
      refusals: by("refusals_total", "reason"),
      failures: own("failures_total").map(({ labels, value }) => ({
        hop: labels["hop"] as Failures["hop"],
        cause: labels["cause"] as Failures["cause"],
        count: value,
      })),
      strangers: by("pinhole_strangers_total", "side"),
      bytesUp: total("transfer_bytes_total", "direction", "upload"),
      bytesDown: total("transfer_bytes_total", "direction", "download"),
    },
  };
}

type Failures = GatewayStatusAnswer["totals"]["failures"][number];

/** Nothing for a side that has no range of its own. */
function portsOf(side: Side, samples: readonly Sample[]): GatewayStatusAnswer["dataPorts"] {
  const own = samples.filter(({ labels }) => labels["side"] === side);
  const inState = (state: string): number => sum(own.filter(({ labels }) => labels["state"] === state));
  // Where the system gives the ports there is no end of them.
  if (own.length === 0 || inState("free") === Infinity) return {};
  return { [side]: { free: inState("free"), open: inState("open"), resting: inState("resting") } };
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}
