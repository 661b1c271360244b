// Advice for people: what to type into each client to go through a gateway, and what to open in which firewall, with the addresses
// and ports of its configuration. Text for a terminal, at most 80 columns wide.
import type { Config, GatewayConfig } from "../config/config.ts";
import { formatRange } from "../config/settings.ts";
import { type Endpoint, familyOf, formatEndpoint, isUnspecified } from "../net/endpoint.ts";
import { clientAdvice } from "./client-advice.ts";
import type { Entrance, Subject } from "./advice-subject.ts";
import { firewallAdvice } from "./firewall-advice.ts";
import { wrapped } from "./wrapped.ts";

/** Literal addresses of this machine's interfaces, loopback left out. */
export type MachineAddresses = readonly string[];

export function formatAdvice(config: Config, machine: MachineAddresses): string {
  const parts = config.gateways.map((gateway) => gatewayAdvice({ gateway, entrance: entranceOf(gateway, machine) }));
  return `${parts.join("\n\n\n")}\n`;
}

/** What clients are told is what they connect to; else an address of this machine that a listener has. */
export function entranceOf({ listen, clientSide }: GatewayConfig, machine: MachineAddresses): Entrance {
  const advertise = typeof clientSide.advertise === "string" ? clientSide.advertise : undefined;
  const first =
    listen.find(({ address }) => advertise === undefined || familyOf(address) === familyOf(advertise)) ?? listen[0];
  const { address, port } = first ?? { address: "0.0.0.0", port: 21 };
  if (advertise !== undefined) return { host: advertise, port };
  if (typeof clientSide.advertise === "object" && "name" in clientSide.advertise)
    return { host: clientSide.advertise.name, port };
  if (!isUnspecified(address)) return { host: address, port };
  return { host: machine.find((own) => familyOf(own) === familyOf(address)) ?? "THIS-MACHINE", port };
}

function told(advertised: GatewayConfig["clientSide"]["advertise"]): string {
  if (advertised === undefined) return "the address that they connected to";
  if (typeof advertised === "string") return advertised;
  return "name" in advertised ? `the address of ${advertised.name}` : `the address in ${advertised.file}`;
}

function gatewayAdvice(subject: Subject): string {
  const { gateway } = subject;
  const title = `Gateway ${gateway.name}`;
  return [
    `${title}\n${"═".repeat(title.length)}`,
    ...overview(subject),
    heading("Clients"),
    ...clientAdvice(subject),
    heading("Firewalls"),
    ...firewallAdvice(subject),
  ].join("\n");
}

function overview({ gateway: { route, listen, clientSide, serverSide } }: Subject): string[] {
  const server = {
    fixed: () =>
      route.kind === "fixed" ? formatEndpoint({ address: route.server.host, port: route.server.port }) : "",
    pool: () => (route.kind === "pool" ? route.servers.map(({ name }) => name).join(", ") : ""),
    login: () => "the one that the client names when it logs in",
    transparent: () => "the one that the client connects to",
  }[route.kind]();
  const rows = [
    ["listens on", listen.map((endpoint: Endpoint) => formatEndpoint(endpoint)).join(", ")],
    ["clients are told", told(clientSide.advertise)],
    [
      "data ports",
      clientSide.dataPorts ? formatRange(clientSide.dataPorts) : "any port: set clientSide.dataPorts to open a range",
    ],
    ["server", server],
    [
      "it is asked for",
      {
        same: "the client's own mode",
        passive: "passive mode",
        active: "active mode",
        auto: "passive mode, else active",
      }[serverSide.mode],
    ],
  ];
  return rows.flatMap(([name = "", value = ""]) => wrapped(value, `  ${name.padEnd(18)}`));
}

function heading(text: string): string {
  return `\n${text}\n${"─".repeat(text.length)}`;
}
