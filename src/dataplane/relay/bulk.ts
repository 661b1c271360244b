// Bulk: what takes a connection over that has turned out to carry more than reads and writes are good for.
import type { Carriage, CarriageEnd, CarriageEvents } from "../userspace/carriage.ts";
import type { Side } from "../pinhole.ts";

/** Descriptors of the legs, which stay their owner's: he closes them when he is told. `hasFin`: who was given his end. */
export type LentLegs = {
  readonly client: number;
  readonly server: number;
  close(end: CarriageEnd, hasFin: Readonly<Record<Side, boolean>>): void;
};

/**
 * Both legs stand still: nothing is being read, nothing waits to be written; a direction that has ended will show its end again. Undefined,
 * and nothing touched, if it can't.
 */
export type TakeBulk = (legs: LentLegs, events: CarriageEvents) => Carriage | undefined;

/** `fromBytes`: what one direction carries before it is worth the move. */
export type Bulk = { readonly fromBytes: number; readonly take: TakeBulk };
