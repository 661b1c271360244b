// Open doors: what a configuration lets anybody do that its author may not have meant. Worth a warning wherever the file is read,
// each with the line that closes it; no reason not to start.
import { networkContains, type Endpoint } from "../net/endpoint.ts";
import type { Config, GatewayConfig, Problem } from "./config.ts";

export function openDoors({ admin, gateways }: Config): readonly Problem[] {
  const doors = gateways.flatMap((gateway, index) =>
    doorsOf(gateway).map(({ path, message }) => ({ path: `gateways[${index}].${path}`, message })),
  );
  if (admin === undefined || isLoopback(admin.listen) || admin.token !== undefined) return doors;
  const message =
    "whoever reaches this address reads who transfers what; unless a firewall stands before it, " +
    "close it: admin: { token: { file: /etc/ftp-alg/token } }";
  return [{ path: "admin.listen", message }, ...doors];
}

function doorsOf({ route, listen, policy, policies }: GatewayConfig): Problem[] {
  const doors: Problem[] = [];
  if (route.kind === "login" && route.allow.some(isEverybody) && !listen.every(isLoopback)) {
    doors.push({
      path: "route.login.allow",
      message:
        "whoever reaches this gateway may use it to connect to any server; " +
        'name the servers: allow: ["*.example.com"], or listen where only your clients are',
    });
  }
  if (route.kind === "login" && !listen.every(isLoopback)) doors.push(...doorsToThisMachine(route));
  if (route.kind === "transparent" && route.interface === undefined) {
    doors.push({
      path: "route.transparent",
      message: "connections from any network are intercepted; name that of your clients: interface: eth1",
    });
  }
  const policyPaths = [
    ...(policy.pinholesBeforeLogin ? ["policy"] : []),
    ...policies.flatMap((entry, index) =>
      entry.policy.pinholesBeforeLogin && !policy.pinholesBeforeLogin ? [`policies[${index}]`] : [],
    ),
  ];
  for (const path of policyPaths) {
    doors.push({
      path: `${path}.pinholesBeforeLogin`,
      message:
        "a web page in a client's browser can have pinholes opened without a login; close it: pinholesBeforeLogin: false",
    });
  }
  return doors;
}

/** Loopback, and the cloud's metadata: what a network reaches that is wider than these, hardly for their sake. */
const ownServices: readonly { readonly address: string; readonly bits: number }[] = [
  { address: "127.0.0.1", bits: 8 },
  { address: "::1", bits: 128 },
  { address: "169.254.169.254", bits: 16 },
];

function doorsToThisMachine({ allow }: LoginRoute): Problem[] {
  return allow.flatMap((rule, index) => {
    if (rule.kind !== "network") return [];
    const { network } = rule;
    const reached = ownServices
      .filter(({ address, bits }) => network.bits < bits && networkContains(network, address))
      .map(({ address }) => address);
    if (reached.length === 0) return [];
    const message =
      `it contains ${reached.join(" and ")}, so clients reach services of this machine; ` +
      'name the networks of the servers, or any server but this machine: allow: ["*"]';
    return [{ path: `route.login.allow[${index}]`, message }];
  });
}

type LoginRoute = Extract<GatewayConfig["route"], { kind: "login" }>;

function isEverybody(rule: LoginRoute["allow"][number]): boolean {
  return rule.kind === "name" ? rule.pattern === "*" : rule.network.bits === 0;
}

function isLoopback({ address }: Endpoint): boolean {
  return address === "::1" || networkContains({ base: "127.0.0.0", bits: 8 }, address);
}
