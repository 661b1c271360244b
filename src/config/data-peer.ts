// Data peer: who may connect to a data port.
import { z } from "zod";
import type { DataPeer } from "../gateway/options.ts";
import { nearest } from "./nearest.ts";
import { choice, listOf, scalar } from "./scalars.ts";
import { expected, parseCidr } from "./settings.ts";

const words = { "same-address": true, "same-network": true, any: true } as const;

export const dataPeer = z
  .union(
    [
      choice<Extract<DataPeer, string>>(words),
      z.strictObject({ networks: listOf(scalar(parseCidr), "needs at least one network") }),
    ],
    {
      error: ({ input }) =>
        expected(
          "one of same-address, same-network, any, or { networks: [cidr] }",
          input,
          typeof input === "string" ? nearest(input, Object.keys(words)) : undefined,
        ),
    },
  )
  .default("same-address");
