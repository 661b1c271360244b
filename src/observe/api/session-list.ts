// Session list: which sessions of the history somebody asks for.
import { z } from "zod";
import { networkContains, parseAddress, parseNetwork } from "../../net/endpoint.ts";
import type { KeptSession } from "../kept-session.ts";
import { readable } from "../readable.ts";
import { sessionStates } from "./schemas.ts";

const client = z
  .string()
  .transform((text, context) => {
    const address = parseAddress(text);
    const network =
      address === undefined ? parseNetwork(text) : { base: address, bits: address.includes(":") ? 128 : 32 };
    if (network !== undefined) return network;
    context.addIssue({ code: "custom", message: "expected an address or a network such as 10.0.0.0/8" });
    return z.NEVER;
  })
  .describe("An address, or a network such as 10.0.0.0/8");

/** What may stand behind `?`. */
export const listQuerySchema = z.strictObject({
  gateway: z.string().optional(),
  state: z.enum(sessionStates).optional(),
  failed: z.enum(["true", "false"]).optional().describe("Those that have a failure, or those that have none"),
  client: client.optional(),
  user: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  before: z.string().optional().describe("The id of a session: those that began before it"),
});

export type ListQuery = z.output<typeof listQuerySchema>;

/** `undefined`: the session named by `before` is not kept any more. `next`: there are more. */
export function listSessions(
  newestFirst: readonly KeptSession[],
  { before, limit, ...wanted }: ListQuery,
): { readonly sessions: readonly KeptSession[]; readonly next: string | undefined } | undefined {
  const start = before === undefined ? 0 : newestFirst.findIndex(({ record }) => record.id === before) + 1;
  if (before !== undefined && start === 0) return undefined;
  const found: KeptSession[] = [];
  for (const kept of newestFirst.slice(start)) {
    if (!isWanted(kept, wanted)) continue;
    if (found.length === limit) return { sessions: found, next: found.at(-1)?.record.id };
    found.push(kept);
  }
  return { sessions: found, next: undefined };
}

function isWanted({ record }: KeptSession, wanted: Omit<ListQuery, "before" | "limit">): boolean {
  const { gateway, state, failed, client: network, user } = wanted;
  if (gateway !== undefined && record.gateway !== gateway) return false;
  if (state !== undefined && (record.end === undefined ? "live" : "ended") !== state) return false;
  if (failed !== undefined && String(record.failure !== undefined) !== failed) return false;
  if (user !== undefined && (record.user === undefined || readable(record.user) !== user)) return false;
  return network === undefined || networkContains(network, record.client.address);
}
