// Scenarios of fuzz tests: how a session is set up, and what happens to it, move by move. Plain data, so that a scenario can be
// kept in a file. A `pick` is a number of any size: which of the things that may happen at this moment does happen.
import fc from "fast-check";
import type { Family } from "../../src/net/endpoint.ts";
import type { ServerMode } from "../../src/session/mode.ts";
import { clientBytes, orderlyClientBytes } from "./client-dialect.ts";
import { serverBytes } from "./server-dialect.ts";

export type Move =
  /** Bytes arrive, latin1. */
  | { readonly do: "client" | "server"; readonly bytes: string }
  /** The server answers the oldest command that it has not answered. */
  | { readonly do: "answer"; readonly pick: number }
  /** The data plane reports the next thing of one of its pinholes. */
  | { readonly do: "plane"; readonly pick: number }
  /** A timer that runs strikes. */
  | { readonly do: "timer"; readonly pick: number }
  /** What comes of a name that is looked up, or of a server that is dialled. */
  | { readonly do: "attempt"; readonly pick: number }
  | { readonly do: "close" | "break"; readonly side: "client" | "server" }
  | { readonly do: "drain" | "stop" };

export type Setup = {
  readonly route: "fixed" | "named" | "login" | "pool" | "transparent";
  readonly serverMode: ServerMode;
  readonly client: Family;
  readonly server: Family;
  readonly foreignAddress: "use-peer" | "refuse";
  readonly readOnly: boolean;
  readonly heldCommands: number;
  /** The moves begin after the login. */
  readonly isLoggedIn: boolean;
};

export type Scenario = { readonly setup: Setup; readonly moves: readonly Move[] };

const family = fc.constantFrom<Family>(4, 4, 4, 6);
const serverMode = fc.constantFrom<ServerMode>("same", "passive", "active", "auto");

const setup: fc.Arbitrary<Setup> = fc.record({
  route: fc.constantFrom("fixed", "fixed", "named", "login", "pool", "transparent"),
  serverMode,
  client: family,
  server: family,
  foreignAddress: fc.constantFrom("use-peer", "refuse"),
  readOnly: fc.constantFrom(false, false, true),
  heldCommands: fc.constantFrom(3, 8),
  isLoggedIn: fc.constantFrom(true, true, true, false),
});

const pick = fc.nat({ max: 0xffff });
const answer: fc.Arbitrary<Move> = fc.record({ do: fc.constant("answer"), pick });
const plane: fc.Arbitrary<Move> = fc.record({ do: fc.constant("plane"), pick });
const attempt: fc.Arbitrary<Move> = fc.record({ do: fc.constant("attempt"), pick });
const timer: fc.Arbitrary<Move> = fc.record({ do: fc.constant("timer"), pick });
const said = (side: "client" | "server", bytes: fc.Arbitrary<string>): fc.Arbitrary<Move> =>
  fc.record({ do: fc.constant(side), bytes });
const side = fc.constantFrom("client", "server");
const farewell: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ do: fc.constantFrom("close", "close", "break"), side }),
  fc.record({ do: fc.constantFrom("drain", "drain", "stop") }),
);

/** Anything at any time. */
export const hostileMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 10, arbitrary: said("client", clientBytes) },
  { weight: 8, arbitrary: said("server", serverBytes) },
  { weight: 8, arbitrary: answer },
  { weight: 12, arbitrary: plane },
  { weight: 3, arbitrary: attempt },
  { weight: 2, arbitrary: timer },
  { weight: 1, arbitrary: farewell },
);

/** A session in which either side says anything. */
export const hostileScenario: fc.Arbitrary<Scenario> = fc.record({
  setup,
  moves: fc.array(hostileMove, { maxLength: 40 }),
});

/** Whole commands, answers in their turn, and a data plane. */
export const orderlyMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: said("client", orderlyClientBytes) },
  { weight: 12, arbitrary: answer },
  { weight: 14, arbitrary: plane },
);

/** A client that says whole commands, and a server that answers each in its turn. */
export const orderlyScenario: fc.Arbitrary<Scenario> = fc.record({
  setup: setup.map((some) => ({ ...some, isLoggedIn: true })),
  moves: fc.array(orderlyMove, { maxLength: 40 }),
});

/** Where bytes that arrive in one move are cut. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.array(fc.integer({ min: 1, max: 12 }), {
  minLength: 1,
  maxLength: 12,
});
