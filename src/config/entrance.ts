// Entrance, one item of `listen`: an endpoint, or a mapping that says what is special there.
import { z } from "zod";
import type { Entrance } from "../gateway/options.ts";
import { choice, listOf, scalar } from "./scalars.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { parseCidr, parseEntrance, type Setting } from "./settings.ts";

/**
 * `0.0.0.0:21`, or `:21`, which is an endpoint of each family; or `{ endpoint: 0.0.0.0:990, tls: implicit }`, where TLS begins with the
 * first byte, and `{ endpoint, proxyProtocol: { from } }`, where a balancer's header comes before it.
 */
export const entrance = z.union(
  [
    scalar(parseEntrance).transform((endpoints): Entrance[] => [...endpoints]),
    z
      .strictObject({
        endpoint: scalar(parseEntrance),
        tls: choice<"implicit">({ implicit: true }).exactOptional(),
        proxyProtocol: z
          .strictObject({ from: listOf(scalar(parseCidr), "needs at least one network of balancers") })
          .exactOptional(),
      })
      .transform(({ endpoint, ...rest }): Entrance[] => endpoint.map((one) => ({ ...one, ...rest }))),
  ],
  {
    error({ input }) {
      if (input === undefined) return "is required";
      const endpoint = parseEntrance(input);
      return "problem" in endpoint ? endpoint.problem : undefined;
    },
  },
);

/** An entrance in either form of the key, the endpoint alone or a mapping that has it. */
export function parseEntranceForm(raw: unknown): Setting<readonly Endpoint[]> {
  const isMapping = typeof raw === "object" && raw !== null && "endpoint" in raw;
  return parseEntrance(isMapping ? raw.endpoint : raw);
}
