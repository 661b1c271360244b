// Advice for firewalls: which TCP ports are to be open, from where to where, at the clients, at the gateway and at the server.
import type { GatewayConfig } from "../config/config.ts";
import { formatRange } from "../config/settings.ts";
import { familyOf } from "../net/endpoint.ts";
import type { Subject } from "./advice-subject.ts";
import { wrapped } from "./wrapped.ts";

type Opening = readonly [from: string, to: string, ports: string, when: string];

export function firewallAdvice({ gateway, entrance }: Subject): string[] {
  const { listen, clientSide, serverSide, route } = gateway;
  const host = route.kind === "transparent" ? "the server" : entrance.host;
  const control =
    route.kind === "transparent" ? route.ports.join(", ") : [...new Set(listen.map(({ port }) => port))].join(", ");
  const data = clientSide.dataPorts ? formatRange(clientSide.dataPorts) : "1024-65535";
  const announced = clientSide.dataPorts?.advertised ? formatRange(clientSide.dataPorts.advertised) : data;
  const server = route.kind === "fixed" ? route.server.host : "the servers";
  const passiveRange = route.kind === "fixed" ? "its passive range" : "their passive ranges";
  const serverPort = {
    fixed: () => (route.kind === "fixed" ? String(route.server.port) : ""),
    pool: () => (route.kind === "pool" ? [...new Set(route.servers.map((one) => one.server.port))].join(", ") : ""),
    login: () => "21",
    transparent: () => control,
  }[route.kind]();
  const serverPorts = serverSide.dataPorts?.advertised ?? serverSide.dataPorts;
  const serverData = serverPorts ? formatRange(serverPorts) : "1024-65535";
  const asksPassive = serverSide.mode !== "active";
  const asksActive = serverSide.mode === "active" || serverSide.mode === "auto" || serverSide.mode === "same";
  const passiveWhen = serverSide.mode === "same" ? "passive" : "always";
  const activeWhen = { same: "active", auto: "no passive", active: "always", passive: "" }[serverSide.mode];
  const toServer: Opening[] = [
    ["gateway", server, serverPort, "always"],
    ...(asksPassive ? [["gateway", server, passiveRange, passiveWhen] as const] : []),
    ...(asksActive ? [[server, "gateway", serverData, activeWhen] as const] : []),
  ];
  return [
    ...section("At the clients", "outgoing, and for active mode incoming", [
      ["clients", host, control, "always"],
      ["clients", host, announced, "passive"],
      [host, "clients", "1024-65535", "active"],
    ]),
    ...section("At the gateway", "and whatever forwards to it: router, security group, container", [
      ["clients", "gateway", control, "always"],
      ["clients", "gateway", data, "passive"],
      ["gateway", "clients", "1024-65535", "active"],
      ...toServer,
    ]),
    ...section("At the server", "which sees the gateway as its client", toServer),
    ...rules(gateway, control, data),
  ];
}

function section(title: string, note: string, openings: readonly Opening[]): string[] {
  const rows: Opening[] = [["from", "to", "TCP ports", "when"], ...openings];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)) + 2);
  const lines = rows.map(
    (row) =>
      `    ${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("")
        .trimEnd()}`,
  );
  return ["", ...wrapped(`${title}: ${note}`, "  "), ...lines];
}

/** For the gateway's own machine. */
function rules({ listen, route, serverSide, clientSide }: GatewayConfig, control: string, data: string): string[] {
  if (route.kind === "transparent") {
    const text =
      "The rules that bring connections here, and the ports that a firewall of this machine lets in: ftp-alg ruleset FILE";
    return ["", ...wrapped(text, "  ")];
  }
  const ports = [control, ...(clientSide.dataPorts ? [data] : [])];
  const back = serverSide.mode !== "passive" && serverSide.dataPorts ? [formatRange(serverSide.dataPorts)] : [];
  const all = [...new Set([...ports, ...back])].join(", ");
  const families = new Set(listen.map(({ address }) => familyOf(address)));
  const zones = all
    .split(", ")
    .map((one) => `--add-port=${one}/tcp`)
    .join(" ");
  const opened = all.replaceAll(" ", "").replaceAll("-", ":");
  const iptables = [...(families.has(4) ? ["iptables"] : []), ...(families.has(6) ? ["ip6tables"] : [])];
  const withoutRange =
    "Data ports are not among these: set clientSide.dataPorts, or clients in passive mode need all from 1024";
  return [
    "",
    "  On the gateway's own machine, with whichever of these it has",
    ...(clientSide.dataPorts ? [] : wrapped(withoutRange, "    ")),
    `    nft add rule inet filter input tcp dport { ${all} } accept`,
    ...iptables.map((program) => `    ${program} -I INPUT -p tcp -m multiport --dports ${opened} -j ACCEPT`),
    `    firewall-cmd --permanent ${zones}`,
    "    firewall-cmd --reload",
    `    ufw allow proto tcp to any port ${opened}`,
  ];
}
