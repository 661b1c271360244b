// Pool choice: for which servers of a pool a user is.
import { hostMatches, parseHostPort } from "../ftp/host-name.ts";
import type { ServerFor } from "./options.ts";
import type { Introduction } from "./state.ts";
import { isUserMeant } from "./user-pattern.ts";

/** `user` as in USER; `host` as in HOST, or else as asked for in TLS (SNI). */
export type Wanted = { readonly user: string; readonly host: string | undefined };

/** Those that name this user; without any, those that name the host; without any, those that name nobody. */
export function meantServers<S extends ServerFor>(servers: readonly S[], { user, host }: Wanted): readonly S[] {
  const ofUser = servers.filter(({ users = [] }) => users.some((pattern) => isUserMeant(pattern, user)));
  if (ofUser.length > 0) return ofUser;
  const ofHost = host === undefined ? [] : servers.filter((server) => isHostOf(server, host));
  return ofHost.length > 0 ? ofHost : servers.filter(({ users, hosts }) => users === undefined && hosts === undefined);
}

export function isHostOf({ hosts = [] }: ServerFor, host: string): boolean {
  return hosts.some((pattern) => hostMatches(pattern, host));
}

/** What the client has said goes before what its TLS has asked for. */
export function hostOf({ host, tlsName }: Introduction): string | undefined {
  if (host === undefined) return tlsName;
  // An address stands in brackets there.
  const parsed = parseHostPort(host);
  return parsed.ok ? parsed.host : host;
}
