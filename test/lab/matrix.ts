// The matrix as data: which real client talks to which real server, in which mode, over which address families and with
// which `serverSide.mode` of the gateway between them, and which operations such a session does.
import { clearClientNames, clients, type ClientName } from "./clients/all.ts";
import type { Client, Mode } from "./clients/client.ts";
import type { OperationName } from "./operations.ts";
import type { Blueprint } from "./servers/blueprint.ts";
import { blueprints, serverKinds, type ServerKind } from "./servers/server.ts";
import { offered } from "./session.ts";
import type { Family } from "./topology.ts";

export const serverModes = ["same", "passive", "active"] as const;
export type ServerMode = (typeof serverModes)[number];

export const families: readonly Family[] = ["IPv4", "IPv6"];

/** One session through the gateway. Where the two families differ, the gateway translates between them (RFC 6384). */
export type Cell = {
  readonly client: ClientName;
  readonly server: ServerKind;
  readonly mode: Mode;
  readonly clientFamily: Family;
  readonly serverFamily: Family;
  readonly serverMode: ServerMode;
};

/** The same session without the gateway, with which a cell is compared. */
export type Baseline = {
  readonly client: ClientName;
  readonly server: ServerKind;
  readonly mode: Mode;
  readonly family: Family;
};

const crossing: ReadonlySet<ClientName> = new Set(["curl", "lftp", "ncftp", "Python ftplib"]);

/**
 * Directly too, ncftp waits for ever for replies that aioftp does not give, and wput for ten seconds each time. axel fetches nothing
 * from servers that begin nowhere but at the start (REST).
 */
export const hopeless: ReadonlySet<string> = new Set([
  "ncftp, aioftp",
  "wput, aioftp",
  "axel, aioftp",
  "axel, inetutils ftpd",
]);

const isHopeless = (client: ClientName, server: ServerKind): boolean => hopeless.has(`${client}, ${server}`);

const clientOf = (name: ClientName): Client => clients[name];

export const modesOfClient = (name: ClientName): readonly Mode[] => clientOf(name).modes;

const modesOf = (server: ServerKind): readonly Mode[] => {
  const { modes }: Blueprint = blueprints[server];
  return modes;
};

/** The mode that the server sees. */
const seen = ({ mode, serverMode }: Pick<Cell, "mode" | "serverMode">): Mode =>
  serverMode === "same" ? mode : serverMode;

function cellsOf(client: ClientName, server: ServerKind, mode: Mode): Cell[] {
  const own = clientOf(client).families;
  const alike = own.flatMap((family) =>
    serverModes.map((serverMode) => ({ clientFamily: family, serverFamily: family, serverMode })),
  );
  const crossed = own.map((family) => ({
    clientFamily: family,
    serverFamily: family === "IPv4" ? ("IPv6" as const) : ("IPv4" as const),
    serverMode: "same" as const,
  }));
  return [...alike, ...(crossing.has(client) ? crossed : [])]
    .map((way) => ({ client, server, mode, ...way }))
    .filter((cell) => modesOf(server).includes(seen(cell)));
}

export const isCrossing = ({ clientFamily, serverFamily }: Cell): boolean => clientFamily !== serverFamily;

export const cells: readonly Cell[] = serverKinds.flatMap((server) =>
  clearClientNames
    .filter((client) => !isHopeless(client, server))
    .flatMap((client) => modesOfClient(client).flatMap((mode) => cellsOf(client, server, mode))),
);

/** A client's mode that the server does not have is compared with the one that it has. */
export function baselineOf({ client, server, mode, clientFamily }: Cell): Baseline {
  const [fallback = mode] = modesOf(server);
  return { client, server, mode: modesOf(server).includes(mode) ? mode : fallback, family: clientFamily };
}

/** 64 MiB are moved once by each client from each server in each pair of modes: over IPv4. */
const withLarge = (client: ClientName, isLarge: boolean): OperationName[] =>
  offered(client).filter((operation) => isLarge || operation !== "64 MiB");

export const operationsOfCell = (cell: Cell): OperationName[] =>
  withLarge(cell.client, cell.clientFamily === "IPv4" && !isCrossing(cell));

export const operationsOfBaseline = ({ client, family }: Baseline): OperationName[] =>
  withLarge(client, family === "IPv4");

export const cellKey = (cell: Cell): string =>
  [cell.server, cell.client, cell.mode, cell.clientFamily, cell.serverFamily, cell.serverMode].join(", ");

export const baselineKey = ({ server, client, mode, family }: Baseline): string =>
  [server, client, mode, family].join(", ");

/** How a test names it. */
export function cellTitle({ mode, clientFamily, serverFamily, serverMode }: Cell): string {
  const ways = clientFamily === serverFamily ? clientFamily : `${clientFamily} to ${serverFamily}`;
  return `${mode} over ${ways}, serverSide.mode: ${serverMode}`;
}
