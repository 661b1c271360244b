// Subject of advice: one gateway, and where its clients connect to.
import type { GatewayConfig } from "../config/config.ts";

/** Where a client connects to, as its user types it. */
export type Entrance = { readonly host: string; readonly port: number };

/** What the advice for one gateway is made of. */
export type Subject = { readonly gateway: GatewayConfig; readonly entrance: Entrance };
