// Login route: the client names its server in USER user@host[:port], or in OPEN or SITE before USER. Until a server is
// known only what needs none is answered.
import type { Command } from "../ftp/command.ts";
import { hostMatches, parseHostPort, parseLoginTarget } from "../ftp/host-name.ts";
import { addressKind } from "../net/address-kind.ts";
import { networkContains, parseAddress, type Endpoint } from "../net/endpoint.ts";
import { obstacleTo, type Obstacle, type OwnGround } from "./dialling.ts";
import { refusal } from "./refusals.ts";
import type { AllowRule, PoolChoice, Route } from "./options.ts";
import { hostOf, meantServers, type Wanted } from "./pool-choice.ts";
import { targetOf, type Session, type Target } from "./state.ts";
import { userKey } from "./user-pattern.ts";
import { answer, emit, end, refuse, type Work } from "./work.ts";

const defaultPort = 21;

/** A command while no server is known. */
export function chooseServer(work: Work, command: Command): void {
  switch (command.verb) {
    case "USER":
      loginNamesServer(work, command.argument);
      break;
    case "OPEN":
    case "SITE":
      openNamesServer(work, command);
      break;
    case "HELP":
      answer(work, 214, "Log in with USER user@host[:port], or say OPEN host [port] first.");
      break;
    default:
      refuse(work, refusal("no-server"));
  }
}

function loginNamesServer(work: Work, argument: string): void {
  const target = parseLoginTarget(argument);
  if (!target.ok) {
    refuse(work, refusal(target.reason === "no-host" ? "no-server:user" : "malformed-login"));
    return;
  }
  choose(work, target.host, target.port ?? defaultPort, target.user);
}

function openNamesServer(work: Work, { verb, argument }: Command): void {
  const target = parseHostPort(argument);
  if (target.ok) choose(work, target.host, target.port ?? defaultPort, undefined);
  else refuse(work, refusal("malformed-login:open", verb));
}

function choose(work: Work, host: string, port: number, user: string | undefined): void {
  const { session } = work;
  // FTP servers listen on 21 or on unprivileged ports; anything else would make us a way into other services.
  if (port !== defaultPort && port < 1024) {
    refuse(work, refusal("server-port", port));
    return;
  }
  const literal = parseAddress(host);
  const { route } = session.options;
  if (
    literal === undefined &&
    route.kind === "login" &&
    !isNameAllowed(route.allow, host) &&
    !hasNetworks(route.allow)
  ) {
    refuseHost(work, host);
    return;
  }
  resolveServer(work, { host, port, user });
}

/** The server is chosen: by the configuration, by the network or by the client. */
export function resolveServer(work: Work, target: Target): void {
  const { host, port } = target;
  work.session.phase = { name: "resolving", target };
  const literal = parseAddress(host);
  if (literal === undefined) emit(work, { kind: "resolve", host, port });
  else connectToResolved(work, target, [{ address: literal, port }]);
}

/** The server's endpoints are known: those that policy allows and that may be dialled are tried in order. */
export function connectToResolved(work: Work, target: Target, resolved: readonly Endpoint[]): void {
  const { session } = work;
  const { route } = session.options;
  const { host, port } = target;
  const allowed = resolved.filter(({ address }) => route.kind !== "login" || isAllowed(route.allow, host, address));
  const judged = allowed.map((endpoint) => ({ endpoint, obstacle: serverObstacle(work, target, endpoint) }));
  const candidates = judged.filter(({ obstacle }) => obstacle === undefined).map(({ endpoint }) => endpoint);
  const isLoop = judged.some(({ obstacle }) => obstacle === "own-listener");
  if (candidates.length > 0) {
    session.phase = { name: "connecting", target };
    emit(work, { kind: "connect", candidates, ...wantedOf(work.session, target) });
  } else if (route.kind === "login") {
    session.phase = { name: "choosing" };
    if (isLoop) refuse(work, refusal("loop", host));
    else if (judged.length > 0) refuse(work, refusal("server-address", host));
    else refuseHost(work, host);
  } else if (isLoop) {
    end(work, "loop", `${host}:${port} is this gateway`, "The server is this gateway itself.");
  } else {
    const addresses = allowed.map(({ address }) => address).join(", ");
    end(
      work,
      "server-address",
      `${host} leads to ${addresses || "no address"}`,
      "The server's address is not allowed.",
    );
  }
}

/** For whom a server of a pool is chosen. */
function wantedOf({ options: { route } }: Session, { user, introduction = {} }: Target): { readonly wanted?: Wanted } {
  return route.kind === "pool" && user !== undefined ? { wanted: { user, host: hostOf(introduction) } } : {};
}

/** Why one of the server's endpoints is not to be dialled. */
function serverObstacle(work: Work, { host }: Target, endpoint: Endpoint): Obstacle | undefined {
  const { route, own } = work.session.options;
  return obstacleTo(endpoint, own, isAddressNamed(route, own, host, endpoint.address));
}

/**
 * Whether the route names this very address. A client's word does not, nor does a pattern of names. A configured name is the
 * operator's own word for this machine, but hardly for a link, a group or nobody.
 */
function isAddressNamed(route: Route, own: OwnGround, host: string, address: string): boolean {
  switch (route.kind) {
    case "fixed":
    case "pool":
      return host === address || addressKind(address) === "loopback" || own.hasAddress(address);
    case "login":
      return isNetworkAllowed(route.allow, address);
    case "transparent":
      return false;
  }
}

/** No addresses were found. A name that only its address could have allowed is refused like one whose address does not. */
export function refuseUnresolved(work: Work, target: Target, detail: string): boolean {
  const { session } = work;
  const { route } = session.options;
  if (route.kind !== "login" || isNameAllowed(route.allow, target.host)) return false;
  session.phase = { name: "choosing" };
  refuse(work, refusal("host-not-allowed:unresolved", detail));
  return true;
}

function refuseHost(work: Work, host: string): void {
  refuse(work, refusal("host-not-allowed", host));
}

function isNameAllowed(rules: readonly AllowRule[], host: string): boolean {
  return rules.some((rule) => rule.kind === "name" && hostMatches(rule.pattern, host));
}

function hasNetworks(rules: readonly AllowRule[]): boolean {
  return rules.some(({ kind }) => kind === "network");
}

function isAllowed(rules: readonly AllowRule[], host: string, address: string): boolean {
  return isNameAllowed(rules, host) || isNetworkAllowed(rules, address);
}

function isNetworkAllowed(rules: readonly AllowRule[], address: string): boolean {
  return rules.some((rule) => rule.kind === "network" && networkContains(rule.network, address));
}

/**
 * USER once a server is known: `user@host` of that same server loses its host again, another host is refused. The text
 * to send, or undefined if it was refused. After OPEN the argument is the server's own affair.
 */
export function laterUser(session: Session, argument: string): string | undefined {
  const target = targetOf(session);
  const { route } = session.options;
  if (target?.user === undefined) return argument;
  if (route.kind === "pool") return isServedAlike(route.choice, target, argument) ? argument : undefined;
  if (route.kind !== "login") return argument;
  const again = parseLoginTarget(argument);
  if (!again.ok) return argument;
  return again.host === target.host && (again.port ?? defaultPort) === target.port ? again.user : undefined;
}

/** Whether another user may be served where this session is: of a pool no session changes its server. */
function isServedAlike(
  choice: PoolChoice | undefined,
  { user = "", introduction = {} }: Target,
  other: string,
): boolean {
  if (choice === undefined || userKey(user) === userKey(other)) return true;
  const host = hostOf(introduction);
  const [own, others] = [user, other].map((one) => meantServers(choice.servers, { user: one, host }));
  return !choice.byUser && own?.length === others?.length && own?.every((server) => others?.includes(server)) === true;
}
