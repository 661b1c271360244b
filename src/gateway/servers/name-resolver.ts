// Name resolver of a process: the hosts file, what name servers have answered lately, and else name servers, for so many
// names at a time. Who asks for slow names waits alone.
import { readFileSync, statSync } from "node:fs";
import { addressBytes } from "../../net/address-bytes.ts";
import { familyOf } from "../../net/endpoint.ts";
import { askDns, type DnsAnswer, type DnsOptions } from "./ask-dns.ts";
import type { Attempt } from "./dial-server.ts";
import { localhostAddresses, parseHosts } from "./hosts-file.ts";
import { createNameMemory, type NameAnswer } from "./name-memory.ts";
import { namesToAsk, parseSearchList } from "./search-list.ts";

/** One of them comes, once, after the call has returned. */
export type NameEvents = {
  /** At least one, in the order in which they are to be tried. */
  resolved(addresses: readonly string[]): void;
  /** An error code of name resolution, e.g. `ENOTFOUND`, or `timed out`. */
  failed(detail: string): void;
  /** Too many names are being asked for, by this client or by all. */
  refused(): void;
};

export type NameResolver = {
  /** `client`: the address of who asks, whose share it is; undefined for a name of the configuration, which is in nobody's share. */
  resolve(
    host: string,
    asker: { readonly client: string | undefined; readonly timeoutMs: number },
    events: NameEvents,
  ): Attempt;
};

export type NameResolverOptions = DnsOptions & {
  readonly hostsFile?: string;
  readonly resolvConf?: string;
};

/** Names of clients that name servers are being asked for. Whoever asks for one of them too takes nobody's share. */
const maxNames = 256;
const maxNamesPerClient = 8;
const maxRemembered = 1000;

type Waiter = { readonly timer: NodeJS.Timeout; readonly events: NameEvents };
type Lookup = { readonly share: string | undefined; readonly waiters: Set<Waiter>; question: Attempt | undefined };

export function createNameResolver(options: NameResolverOptions = {}): NameResolver {
  const { hostsFile = "/etc/hosts", resolvConf = "/etc/resolv.conf", servers } = options;
  const memory = createNameMemory({ maxNames: maxRemembered, now: () => performance.now() });
  const hosts = parsedFile(hostsFile, parseHosts);
  const searchList = parsedFile(resolvConf, parseSearchList);
  const lookups = new Map<string, Lookup>();

  function recall(host: string): NameAnswer | undefined {
    const addresses = hosts().get(host) ?? localhostAddresses(host);
    return addresses === undefined ? memory.recall(host) : { addresses };
  }

  function isFull(share: string): boolean {
    const ofClients = [...lookups.values()].filter((lookup) => lookup.share !== undefined);
    const ofClient = ofClients.filter((lookup) => lookup.share === share);
    return ofClients.length >= maxNames || ofClient.length >= maxNamesPerClient;
  }

  function begin(host: string, client: string | undefined): Lookup | undefined {
    const share = client === undefined ? undefined : shareOf(client);
    if (share !== undefined && isFull(share)) return undefined;
    const lookup: Lookup = { share, waiters: new Set(), question: undefined };
    lookups.set(host, lookup);
    lookup.question = askDns(namesToAsk(host, searchList()), { servers }, (answer) => answered(host, lookup, answer));
    return lookup;
  }

  function answered(host: string, lookup: Lookup, answer: DnsAnswer): void {
    lookups.delete(host);
    memory.keep(host, answer, answer.seconds);
    for (const { timer, events } of lookup.waiters) {
      clearTimeout(timer);
      tell(events, answer);
    }
  }

  function join(host: string, lookup: Lookup, timeoutMs: number, events: NameEvents): Attempt {
    const leave = (): boolean => {
      clearTimeout(waiter.timer);
      if (!lookup.waiters.delete(waiter) || lookup.waiters.size > 0 || lookups.get(host) !== lookup) return false;
      lookups.delete(host);
      lookup.question?.cancel();
      return true;
    };
    const timer = setTimeout(() => {
      const failure = "timed out";
      if (leave()) memory.keep(host, { failure }, 0);
      events.failed(failure);
    }, timeoutMs);
    const waiter: Waiter = { timer, events };
    lookup.waiters.add(waiter);
    return { cancel: () => void leave() };
  }

  return {
    resolve(host, { client, timeoutMs }, events) {
      const known = recall(host);
      if (known !== undefined) return soon(() => tell(events, known));
      const lookup = lookups.get(host) ?? begin(host, client);
      return lookup === undefined ? soon(() => events.refused()) : join(host, lookup, timeoutMs, events);
    },
  };
}

function tell(events: NameEvents, answer: NameAnswer): void {
  if ("addresses" in answer) events.resolved(answer.addresses);
  else events.failed(answer.failure);
}

function soon(report: () => void): Attempt {
  const immediate = setImmediate(report);
  return { cancel: () => clearImmediate(immediate) };
}

/** Whoever has one address of a /64 has them all. */
function shareOf(client: string): string {
  return familyOf(client) === 4 ? client : addressBytes(client).subarray(0, 8).join(":");
}

/** What a file of the system says now; one that is not there says nothing. It is read again when it has changed. */
function parsedFile<T>(file: string, parse: (text: string) => T): () => T {
  let known: { readonly version: string; readonly parsed: T } | undefined;
  return () => {
    const version = textOr("", () => {
      const { ino, mtimeMs, size } = statSync(file);
      return `${ino} ${mtimeMs} ${size}`;
    });
    if (known?.version !== version) known = { version, parsed: parse(textOr("", () => readFileSync(file, "utf8"))) };
    return known.parsed;
  };
}

function textOr(fallback: string, read: () => string): string {
  try {
    return read();
  } catch {
    return fallback;
  }
}
