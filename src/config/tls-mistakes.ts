// TLS mistakes: keys that are right by themselves, and have no meaning with what else is configured.
import type { Problem } from "./config.ts";
import { wordOf } from "./compose-tls.ts";
import { isLimiting, type FileSettings } from "./schema.ts";

type GatewaySettings = FileSettings["gateways"][number];

export function tlsMistakes({ gateways, tls }: FileSettings): readonly Problem[] {
  return gateways.flatMap((gateway, index) =>
    mistakesOf(gateway, tls.certificates.length).map(({ path, message }) => ({
      path: `gateways[${index}].${path}`,
      message,
    })),
  );
}

type Mistakes = readonly { readonly path: string; readonly message: string }[];

/** `shared`: certificates of the process. */
function mistakesOf(gateway: GatewaySettings, shared: number): Mistakes {
  const { policy, policies, clientSide, serverSide } = gateway;
  const entries = policies.flatMap((entry, index) => entryMistakes(gateway, entry, `policies[${index}].tls`));
  const terminating = [{ path: "policy.tls", word: policy.tls }, ...policies.map(namedWord)].find(
    ({ word }) => word === "terminate",
  );
  if (terminating !== undefined) {
    if (clientSide.tls?.certificates !== undefined || shared > 0) return entries;
    const message = "needs a certificate in tls.certificates or clientSide.tls.certificates";
    return [...entries, { path: terminating.path, message }];
  }
  const sides = [...(clientSide.tls ? ["clientSide"] : []), ...(serverSide.tls ? ["serverSide"] : [])];
  const message = "has no meaning without policy.tls: terminate";
  return [...entries, ...sides.map((side) => ({ path: `${side}.tls`, message }))];
}

type EntrySettings = GatewaySettings["policies"][number];

function namedWord(entry: EntrySettings, index: number) {
  return { path: `policies[${index}].tls`, word: wordOf(entry) };
}

/** Of an entry that says something of TLS. */
function entryMistakes(gateway: GatewaySettings, entry: EntrySettings, path: string): Mistakes {
  const { policy, policies, route, listen } = gateway;
  const word = wordOf(entry);
  const { tls, users } = entry;
  const mistake = (isOne: boolean, message: string) => (isOne ? [{ path, message }] : []);
  if (word === undefined) return [];
  const others = [policy.tls, ...policies.map(wordOf)];
  return [
    ...mistake(
      users !== undefined && typeof tls === "string",
      "has no meaning with users, who say AUTH before USER; { require: none, login or data } has one",
    ),
    ...mistake(
      users !== undefined && typeof tls === "object" && policy.tls !== "terminate",
      "needs policy.tls: terminate: users say AUTH before USER",
    ),
    ...mistake(
      word === "refuse" && listen.some((one) => one.tls === "implicit"),
      "refuse has no meaning where a listener has tls: implicit",
    ),
    ...mistake(
      word === "passthrough" && others.includes("terminate"),
      "a gateway terminates TLS, or lets it pass through, not both",
    ),
    ...mistake(
      word === "passthrough" && route.login !== undefined,
      "passthrough has no meaning with route.login: clients say AUTH before USER names the server",
    ),
    ...mistake(
      word === "passthrough" &&
        isLimiting({ ...policy, ...entry, commands: entry.commands ?? policy.commands }, policies),
      "passthrough hides commands and users: it has no meaning with readOnly, anonymousOnly, commands, or users in policies",
    ),
    ...mistake(
      word === "terminate" && policy.tls === "passthrough",
      "a gateway terminates TLS, or lets it pass through, not both",
    ),
  ];
}
