// Changing addresses: those of this gateway that are found by a name or in a file, because they change (a line with a dynamic address,
// DHCP, a container that is told its node's). The last good value stays.
import { readFile } from "node:fs/promises";
import { parseAddress } from "../net/endpoint.ts";
import { watchFiles } from "../tls/watch-files.ts";
import type { AddressSource } from "./options.ts";
import type { NameResolver } from "./servers/name-resolver.ts";

export type ChangingAddresses = {
  /** What an owner wants looked up from now on. What nobody wants is looked up no more, and forgotten. */
  want(owner: object, sources: readonly AddressSource[]): void;
  /** Of a source that somebody wants: what was found last; undefined as long as there was nothing. */
  find(source: AddressSource): readonly string[] | undefined;
};

export type ChangingAddressesDeps = {
  readonly names: NameResolver;
  readonly report: (news: AddressNews) => void;
};

/** `addresses` are others than before; or nothing good was found, which is told once until something is. */
export type AddressNews = { readonly source: string } & (
  | { readonly kind: "changed"; readonly addresses: readonly string[] }
  | { readonly kind: "missing"; readonly detail: string; readonly last: readonly string[] | undefined }
);

type Lookup = {
  readonly stop: () => void;
  addresses: readonly string[] | undefined;
  isMissing: boolean;
};

const lookupMs = 5000;
/** Of a file: an address or two. */
const mostBytes = 4096;

export function createChangingAddresses({ names, report }: ChangingAddressesDeps): ChangingAddresses {
  const wanted = new Map<object, readonly AddressSource[]>();
  const lookups = new Map<string, Lookup>();

  function begin(source: AddressSource): Lookup {
    const text = "name" in source ? source.name : source.file;
    const found = (addresses: readonly string[]): void => {
      if (addresses.length === 0) return missing("there is no address");
      lookup.isMissing = false;
      if (addresses.join() === lookup.addresses?.join()) return;
      lookup.addresses = addresses;
      report({ kind: "changed", source: text, addresses });
    };
    const missing = (detail: string): void => {
      if (!lookup.isMissing) report({ kind: "missing", source: text, detail, last: lookup.addresses });
      lookup.isMissing = true;
    };
    const events = { found, missing };
    const stop = "name" in source ? askAgainAndAgain(source, names, events) : readWhenChanged(source.file, events);
    const lookup: Lookup = { stop, addresses: undefined, isMissing: false };
    return lookup;
  }

  return {
    want(owner, sources) {
      wanted.delete(owner);
      if (sources.length > 0) wanted.set(owner, sources);
      const keys = new Map([...wanted.values()].flat().map((source) => [keyOf(source), source]));
      for (const [key, lookup] of lookups) {
        if (keys.has(key)) continue;
        lookup.stop();
        lookups.delete(key);
      }
      for (const [key, source] of keys) if (!lookups.has(key)) lookups.set(key, begin(source));
    },
    find: (source) => lookups.get(keyOf(source))?.addresses,
  };
}

function keyOf(source: AddressSource): string {
  return "name" in source ? `name ${source.everyMs} ${source.name}` : `file ${source.file}`;
}

type FoundEvents = { found(addresses: readonly string[]): void; missing(detail: string): void };

function askAgainAndAgain(
  { name, everyMs }: Extract<AddressSource, { name: string }>,
  names: NameResolver,
  { found, missing }: FoundEvents,
): () => void {
  const ask = () =>
    names.resolve(
      name,
      { client: undefined, timeoutMs: lookupMs },
      {
        resolved: (addresses) => found(addresses.toSorted()),
        failed: missing,
        refused: () => missing("too many names are being looked up"),
      },
    );
  let attempt = ask();
  const timer = setInterval(() => {
    attempt.cancel();
    attempt = ask();
  }, everyMs).unref();
  return () => {
    clearInterval(timer);
    attempt.cancel();
  };
}

/** Literal addresses, with blanks or line ends between; all that is something else makes the file no good. */
function readWhenChanged(file: string, { found, missing }: FoundEvents): () => void {
  let isStopped = false;
  const read = async (): Promise<void> => {
    const content = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => error);
    if (isStopped) return;
    if (typeof content !== "string") return missing(content.code ?? content.message);
    const words = content
      .slice(0, mostBytes)
      .split(/\s+/)
      .filter((word) => word !== "");
    const addresses = words.flatMap((word) => parseAddress(word) ?? []);
    if (addresses.length === words.length) found(addresses);
    else missing("it holds something else than addresses");
  };
  const watch = watchFiles([file], () => void read());
  void read();
  return () => {
    isStopped = true;
    watch.close();
  };
}
