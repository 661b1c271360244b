// Asking name servers for one host: both families at once, by c-ares. No thread waits for an answer, and nothing of the
// question is left once it is cancelled.
import { Resolver, type RecordWithTtl } from "node:dns";
import { networkInterfaces } from "node:os";
import { addressKind } from "../../net/address-kind.ts";
import { familyOf, parseAddress } from "../../net/endpoint.ts";
import type { Attempt } from "./dial-server.ts";
import type { NameAnswer } from "./name-memory.ts";

export type DnsOptions = {
  /** `address:port` of each; absent: those of resolv.conf. */
  readonly servers?: readonly string[] | undefined;
};

/** `seconds`: how long the answer holds, as the servers say. */
export type DnsAnswer = NameAnswer & { readonly seconds: number };

/** The first silence of a server that is waited for; the second is twice as long. */
const silenceMs = 1500;
const tries = 2;

/** What the other family still gets when one has answered: many servers never do for AAAA (RFC 8305). */
const otherFamilyMs = 50;

/** More than anybody tries to connect to within the connect time. */
const maxAddresses = 16;

/** `names` are asked for one after the other until one is known. `answered` comes once, after the call has returned. */
export function askDns(
  names: readonly string[],
  { servers }: DnsOptions,
  answered: (answer: DnsAnswer) => void,
): Attempt {
  const resolver = new Resolver({ timeout: silenceMs, tries });
  if (servers !== undefined) resolver.setServers(servers);
  let isOver = false;
  askFrom(0);
  return { cancel: finish };

  function finish(): void {
    isOver = true;
    resolver.cancel();
  }

  function askFrom(index: number): void {
    askBoth(resolver, names[index] ?? "", (answer) => {
      if (isOver) return;
      const isUnknown = "failure" in answer && unknownCodes.has(answer.failure);
      if (isUnknown && index + 1 < names.length) return askFrom(index + 1);
      finish();
      answered(answer);
    });
  }
}

/** There is no such name, or it has no address. */
const unknownCodes = new Set(["ENOTFOUND", "ENODATA"]);

type FamilyAnswer = { readonly code: string; readonly records: readonly RecordWithTtl[] };

function askBoth(resolver: Resolver, name: string, answered: (answer: DnsAnswer) => void): void {
  const answers: FamilyAnswer[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const settle = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    answered(joined(answers));
  };
  const take = (error: NodeJS.ErrnoException | null, records: readonly RecordWithTtl[] | undefined): void => {
    answers.push({ code: error?.code ?? "ENODATA", records: error === null ? (records ?? []) : [] });
    if (answers.length === 2) settle();
    else if (answers.some((answer) => answer.records.length > 0)) timer = setTimeout(settle, otherFamilyMs);
  };
  resolver.resolve4(name, { ttl: true }, take);
  resolver.resolve6(name, { ttl: true }, take);
}

/** What was found for either family; else the failure that says most. */
function joined(answers: readonly FamilyAnswer[]): DnsAnswer {
  const records = answers.flatMap((answer) => answer.records);
  const addresses = [...new Set(records.flatMap(({ address }) => parseAddress(address) ?? []))];
  if (addresses.length > 0) {
    const seconds = Math.min(...records.map(({ ttl }) => ttl));
    return { addresses: inOrder(addresses).slice(0, maxAddresses), seconds };
  }
  const codes = answers.map(({ code }) => code);
  return { failure: codes.find((code) => !unknownCodes.has(code)) ?? "ENOTFOUND", seconds: 0 };
}

/** IPv6 first on a machine that has an address of it beyond its own link, else IPv4; within a family as the server says. */
function inOrder(addresses: readonly string[]): readonly string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const hasIPv6 = interfaces.some(({ address, family }) => family === "IPv6" && addressKind(address) === "ordinary");
  const first = hasIPv6 ? 6 : 4;
  return [
    ...addresses.filter((address) => familyOf(address) === first),
    ...addresses.filter((address) => familyOf(address) !== first),
  ];
}
