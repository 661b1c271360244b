import fc from "fast-check";
import { expect, test } from "vitest";
import { createWaitingRoom, type Waiting } from "../../../src/gateway/entrance/waiting-room.ts";

type Guest = Waiting & { readonly name: number };

test("whoever comes and goes, the oldest of the busiest network is the one who came first of the most", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 11 })), (toggled) => {
      const room = createWaitingRoom<Guest>();
      const guests = Array.from({ length: 12 }, (_, name): Guest => ({ name, share: { network: `n${name % 3}` } }));
      const waiting: Guest[] = [];
      for (const name of toggled) {
        const guest = guests[name]!;
        const at = waiting.indexOf(guest);
        if (at < 0) {
          waiting.push(guest);
          room.add(guest);
          room.add(guest);
        } else {
          waiting.splice(at, 1);
          room.remove(guest);
          room.remove(guest);
        }
      }
      const ofNetwork = (network: string) => waiting.filter(({ share }) => share.network === network);
      const most = Math.max(...["n0", "n1", "n2"].map((network) => ofNetwork(network).length));
      const oldest = room.oldestOfBusiestNetwork();
      expect(room.size()).toBe(waiting.length);
      if (oldest === undefined) expect(waiting).toEqual([]);
      else expect([ofNetwork(oldest.share.network).length, ofNetwork(oldest.share.network)[0]]).toEqual([most, oldest]);
    }),
  );
});

test("who has left holds on to nobody", () => {
  const room = createWaitingRoom<Guest>();
  const guests = [0, 1, 2].map((name): Guest => ({ name, share: { network: "n" } }));
  for (const guest of guests) room.add(guest);
  for (const guest of guests) room.remove(guest);
  expect(guests.map(({ before, after, room: place }) => [before, after, place])).toEqual(
    guests.map(() => [undefined, undefined, undefined]),
  );
});
