// Held counts: what one gateway of this process has of sessions, by client and by server of a pool, and what of it the others have not been
// told. Pure.

export type HeldCounts = {
  add(client: string): void;
  remove(client: string): void;
  setServer(server: string, sessions: number): void;
  /** The server is of interest, whether or not there are sessions at it. Returns whether it was not before. */
  want(server: string): boolean;
  sessions(): number;
  sessionsOf(client: string): number;
  servers(): readonly string[];
  /** Those at which it has changed since they were taken last, or that are new. */
  takeServers(): readonly string[];
  serverSessions(server: string): number;
  /** The others have an old number of the client. */
  outdated(client: string): void;
  /** Clients of whom the others have an old number, which is taken to be told. */
  takeOutdated(): readonly string[];
  /** Everybody, from now on: nothing is old. */
  takeAll(): readonly string[];
  /** So many clients, in turn. */
  nextClients(most: number): readonly string[];
  nextServers(most: number): readonly string[];
};

/** Names of servers come from the configuration; a bound all the same. */
const mostServers = 20_000;

export function createHeldCounts(): HeldCounts {
  const clients = new Map<string, number>();
  const servers = new Map<string, number>();
  let all = 0;
  let old = new Set<string>();
  let oldServers = new Set<string>();

  function change(client: string, by: 1 | -1): void {
    const count = (clients.get(client) ?? 0) + by;
    if (count > 0) clients.set(client, count);
    else clients.delete(client);
    all += by;
  }

  function want(server: string): boolean {
    if (servers.has(server) || servers.size >= mostServers) return false;
    servers.set(server, 0);
    oldServers.add(server);
    return true;
  }

  return {
    add: (client) => change(client, 1),
    remove: (client) => change(client, -1),
    setServer(server, sessions) {
      want(server);
      if (!servers.has(server)) return;
      servers.set(server, sessions);
      oldServers.add(server);
    },
    want,
    sessions: () => all,
    sessionsOf: (client) => clients.get(client) ?? 0,
    servers: () => [...servers.keys()],
    takeServers() {
      const taken = [...oldServers];
      oldServers = new Set();
      return taken;
    },
    serverSessions: (server) => servers.get(server) ?? 0,
    outdated: (client) => void old.add(client),
    takeOutdated() {
      const taken = [...old];
      old = new Set();
      return taken;
    },
    takeAll() {
      old = new Set();
      return [...clients.keys()];
    },
    nextClients: inTurn(clients),
    nextServers: inTurn(servers),
  };
}

/** So many keys, those that come next; after the last one the first. */
function inTurn(map: ReadonlyMap<string, number>): (most: number) => readonly string[] {
  let turn = map.keys();
  return (most) => {
    const taken: string[] = [];
    while (taken.length < Math.min(most, map.size)) {
      const { done, value } = turn.next();
      if (done === true) turn = map.keys();
      else taken.push(value);
    }
    return taken;
  };
}
