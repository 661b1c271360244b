// Shared counts: limits, bans and sessions per server that hold for several processes together. Each process counts by itself first; who is
// let in by that is asked about here, before the client is greeted. Who makes them says where they are kept.
import type { GatewayOptions, LoginFailures } from "../options.ts";

export type SharedLimits = Pick<GatewayOptions["limits"], "sessions" | "sessionsPerClient" | "connectsPerSecond">;

/**
 * `unknown`: nobody has answered in time; the counts of this process alone decide. `banned`: for so many milliseconds from now. A client
 * that is refused has no session; with `admitted` and `unknown` it has one more until `left`.
 */
export type SharedVerdict =
  | { readonly kind: "admitted" | "unknown" }
  | { readonly kind: "banned"; readonly ms: number }
  | {
      readonly kind: "refused";
      readonly reason: "too-many-connects" | "too-many-sessions" | "too-many-sessions-per-client";
    };

/**
 * Of the gateway of one name, in all processes that share. `client`: as `clientOf` names it. Nothing throws or rejects, and what is
 * asked resolves within a time that the maker bounds. What a process has counted is forgotten soon after it has died.
 */
export type SharedCounts = {
  /** Counts a connection of the client, and its session unless it is refused. */
  admit(client: string, limits: SharedLimits): Promise<SharedVerdict>;
  /** A session of the client has ended. Once for each that was admitted, or of which nothing was known. */
  left(client: string): void;
  /** Counts a login that the server has refused. Resolves to the milliseconds for which the client is banned; 0: it is not, or nobody knows. */
  loginFailed(client: string, rule: LoginFailures): Promise<number>;
  /** So many sessions of this process are at that server of a pool now. */
  setServerSessions(server: string, sessions: number): void;
  /** So many of the other processes' are, as far as is known. Costs a look into a table: it is asked at each session. */
  serverSessionsElsewhere(server: string): number;
};
