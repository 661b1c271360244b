// Route: where a gateway leads to, in one of four ways.
import { z } from "zod";
import type { TransparentRoute } from "../gateway/options.ts";
import { balance, health, servers } from "./pool.ts";
import { anyKeyOf, choice, count, duration, hasNoUnknownKey, listOf, scalar } from "./scalars.ts";
import { parseAllowRule, parseInterface, parseServer } from "./settings.ts";

const login = z.strictObject({
  // No default: a gateway that reaches any host for anybody has to be asked for, with "*".
  allow: listOf(scalar(parseAllowRule), "needs at least one host or network"),
});

const transparent = z
  .strictObject({
    method: choice<TransparentRoute["method"]>({ redirect: true, tproxy: true }).default("redirect"),
    ports: listOf(count(65535), "needs at least one port").default([21]),
    interface: scalar(parseInterface).exactOptional(),
    advertise: choice<TransparentRoute["advertise"]>({ gateway: true, server: true }).default("gateway"),
    clientAddress: z.boolean().default(false),
  })
  .refine(({ method, clientAddress }) => method === "tproxy" || !clientAddress, {
    error: "needs method: tproxy",
    path: ["clientAddress"],
  });

const routeKinds = ["server", "servers", "login", "transparent"] as const;

export const route = z
  .strictObject({
    server: scalar(parseServer).exactOptional(),
    servers: servers.exactOptional(),
    balance: balance.exactOptional(),
    health: health.exactOptional(),
    slowStart: duration().exactOptional(),
    login: login.exactOptional(),
    transparent: transparent.exactOptional(),
  })
  .refine((given) => routeKinds.filter((kind) => kind in given).length === 1, {
    error: `needs exactly one of ${routeKinds.join(", ")}`,
    when: hasNoUnknownKey,
  })
  .refine(
    ({ servers: several, balance: spread, health: looks, slowStart }) => several ?? (!spread && !looks && !slowStart),
    {
      error: "balance, health and slowStart have no meaning without servers",
    },
  )
  .meta({ oneOf: anyKeyOf(routeKinds) });
