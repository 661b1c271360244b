// Waiting room: those who have not logged in, by network and in the order in which they came. Each is linked with its neighbours, and
// with nothing once it has left: a set or a map would hold on to it for a while (see net/bag.ts).
import type { ClientShare } from "./client-share.ts";

/** What a guest knows of its place; undefined while it is not waiting. */
export type Waiting = {
  readonly share: Pick<ClientShare, "network">;
  room?: Network | undefined;
  before?: Waiting | undefined;
  after?: Waiting | undefined;
};

type Network = { size: number; first: Waiting | undefined; last: Waiting | undefined };

export type WaitingRoom<Guest extends Waiting> = {
  size(): number;
  /** Does nothing for one that waits already. */
  add(guest: Guest): void;
  /** Does nothing for one that does not wait. */
  remove(guest: Guest): void;
  oldestOfBusiestNetwork(): Guest | undefined;
};

/** Up to so many networks those in which nobody waits are not forgotten. */
const keptNetworks = 256;

export function createWaitingRoom<Guest extends Waiting>(): WaitingRoom<Guest> {
  const networks = new Map<string, Network>();
  let count = 0;
  return {
    size: () => count,
    add(guest) {
      if (guest.room !== undefined) return;
      const { network } = guest.share;
      let room = networks.get(network);
      if (room === undefined) {
        room = { size: 0, first: undefined, last: undefined };
        networks.set(network, room);
      }
      guest.room = room;
      guest.before = room.last;
      if (room.last === undefined) room.first = guest;
      else room.last.after = guest;
      room.last = guest;
      room.size += 1;
      count += 1;
    },
    remove(guest) {
      const { room, before, after } = guest;
      if (room === undefined) return;
      if (before === undefined) room.first = after;
      else before.after = after;
      if (after === undefined) room.last = before;
      else after.before = before;
      guest.room = undefined;
      guest.before = undefined;
      guest.after = undefined;
      room.size -= 1;
      count -= 1;
      if (room.size === 0 && networks.size > keptNetworks) networks.delete(guest.share.network);
    },
    oldestOfBusiestNetwork() {
      let busiest: Network | undefined;
      for (const room of networks.values()) if (busiest === undefined || room.size > busiest.size) busiest = room;
      return busiest?.first as Guest | undefined;
    },
  };
}
