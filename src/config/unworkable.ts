// Unworkable values: what is right in form and can't do what it was written for. Worth a warning wherever the file is read, each
// with what happens and what to change; no reason not to start.
import { addressKind } from "../net/address-kind.ts";
import { familyOf, parseAddress } from "../net/endpoint.ts";
import type { Config, GatewayConfig, Problem } from "./config.ts";
import { formatRange } from "./settings.ts";

export function unworkableValues({ gateways }: Config): readonly Problem[] {
  return gateways.flatMap((gateway, index) =>
    [...advertised(gateway), ...fewPorts(gateway)].map(({ path, message }) => ({
      path: `gateways[${index}].${path}`,
      message,
    })),
  );
}

function advertised({ listen, clientSide, serverSide, route }: GatewayConfig): Problem[] {
  const families = new Set(listen.map(({ address }) => familyOf(address)));
  const isLocal = listen.every(({ address }) => addressKind(address) === "loopback");
  const clients = isLocal ? "" : "clients on other machines would connect to themselves";
  const server =
    route.kind === "fixed" && isThisMachine(route.server.host)
      ? ""
      : "a server on another machine would connect to itself";
  const told = [
    ...(clientSide.advertise === undefined
      ? []
      : [{ path: "clientSide.advertise", address: clientSide.advertise, whom: clients }]),
    ...clientSide.advertiseTo.flatMap(({ clients: network, address }, index) => {
      const whom = addressKind(network.base) === "loopback" ? "" : clients;
      return [{ path: `clientSide.advertiseTo[${index}].address`, address, whom }];
    }),
    ...(serverSide.advertise === undefined
      ? []
      : [{ path: "serverSide.advertise", address: serverSide.advertise, whom: server }]),
  ];
  const problems = told.flatMap(({ path, address, whom }) => {
    // What is looked up is known when it is found.
    if (typeof address === "object") return [];
    const kind = addressKind(address);
    if (kind === "multicast")
      return [{ path, message: `${address} is a multicast address, to which nobody can connect` }];
    if (kind === "loopback" && whom !== "") return [{ path, message: `${address} is the loopback address: ${whom}` }];
    return [];
  });
  const { advertise } = clientSide;
  if (typeof advertise === "string" && !families.has(familyOf(advertise))) {
    const message =
      `${advertise} is IPv${familyOf(advertise)}, and every listener is IPv${familyOf(advertise) === 4 ? 6 : 4}: ` +
      "no client is told it; listen on both families, or advertise an address of that one";
    problems.push({ path: "clientSide.advertise", message });
  }
  return problems;
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || (parseAddress(host) !== undefined && addressKind(host) === "loopback");
}

/** One client alone can use up the range. */
function fewPorts({ clientSide: { dataPorts }, limits: { sessionsPerClient, sessions } }: GatewayConfig): Problem[] {
  if (dataPorts === undefined) return [];
  const ports = dataPorts.last - dataPorts.first + 1;
  const most = Math.min(sessionsPerClient, sessions);
  if (ports >= most) return [];
  const message =
    `${formatRange(dataPorts)} is ${ports} ${ports === 1 ? "port" : "ports"}, and one client may have ${most} sessions, ` +
    "each with a transfer: the others then get 425; take a larger range, or lower limits.sessionsPerClient";
  return [{ path: "clientSide.dataPorts", message }];
}
