// The FTPS matrix as data: which client talks to which server under which TLS, with the gateway between them in which role.
import { clientNames, clients, isTlsOnly, type ClientName } from "../clients/all.ts";
import type { Client, TlsVersion } from "../clients/client.ts";
import type { OperationName } from "../operations.ts";
import type { Blueprint, Security } from "../servers/blueprint.ts";
import { blueprints, serverKinds, type ServerKind } from "../servers/server.ts";
import { offered } from "../session.ts";

/** `passthrough`: client and server speak TLS with each other. Else the gateway speaks it: with the client, with the server, with both. */
export const legs = ["passthrough", "client", "server", "both"] as const;
export type Legs = (typeof legs)[number];

export const isClientSecured = ({ legs: leg }: Pick<TlsCell, "legs">): boolean => leg !== "server";
export const isServerSecured = ({ legs: leg }: Pick<TlsCell, "legs">): boolean => leg !== "client";

export const tlsVersions: readonly TlsVersion[] = ["TLSv1.2", "TLSv1.3"];

/** One session through the gateway; without `legs` one without it. */
export type TlsCell = {
  readonly client: ClientName;
  readonly server: ServerKind;
  readonly security: Security;
  readonly version: TlsVersion;
  readonly legs: Legs;
};

/** So much is done in each of them. */
export const tlsOperations: readonly OperationName[] = ["list", "download", "upload", "resume", "empty file", "64 MiB"];

export function speaksTls(name: ClientName): readonly Security[] {
  const client: Client = clients[name];
  return client.security ?? [];
}

function securityOf(kind: ServerKind): readonly Security[] {
  const blueprint: Blueprint = blueprints[kind];
  return blueprint.security ?? [];
}

/**
 * Whether all can do their part of it. Towards a server the gateway takes the highest version that both have. FileZilla's queue names
 * folders from the root, where this server's accounts are not.
 */
function isPossible(cell: TlsCell): boolean {
  const { client, server, security, version, legs: leg } = cell;
  if (client === "FileZilla" && server === "inetutils ftpd") return false;
  if (leg === "server" && version !== "TLSv1.3") return false;
  if (!isClientSecured(cell) && isTlsOnly(client)) return false;
  if (isServerSecured(cell) && !securityOf(server).includes(security)) return false;
  return !isClientSecured(cell) || speaksTls(client).includes(security);
}

export const securities: readonly Security[] = ["explicit", "implicit"];

export const tlsCells: readonly TlsCell[] = serverKinds.flatMap((server) =>
  securities.flatMap((security) =>
    clientNames
      .filter((client) => speaksTls(client).length > 0)
      .flatMap((client) =>
        tlsVersions.flatMap((version) => legs.map((leg) => ({ client, server, security, version, legs: leg }))),
      )
      .filter(isPossible),
  ),
);

/** gnutls-cli writes what it was given byte by byte: 64 MiB take it most of a minute. */
export const operationsOfTlsCell = ({ client }: TlsCell): OperationName[] =>
  offered(client)
    .filter((operation) => tlsOperations.includes(operation))
    .filter((operation) => client !== "gnutls-cli" || operation !== "64 MiB");

export const tlsCellTitle = ({ client, server, security, version, legs: leg }: TlsCell): string =>
  `${client} with ${server}, ${security}, ${version}, ${leg}`;
