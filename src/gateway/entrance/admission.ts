// Admission: how many clients may be inside at once: together, from one address, and before they have logged in. Whoever is
// being sent away counts until its connection is closed.
import type { GatewayOptions } from "../options.ts";
import { createWaitingRoom, type Waiting } from "./waiting-room.ts";
import { clientOf, createShare, holdsNothing, type ClientShare } from "./client-share.ts";

export type AdmissionRefusal = "too-many-sessions" | "too-many-sessions-per-client";

type AdmissionLimits = Pick<GatewayOptions["limits"], "sessions" | "sessionsPerClient" | "preLogin">;

/** Places of a process, for all of its gateways. */
export type SessionPlaces = {
  /** The descriptors of the process suffice for so many sessions. */
  readonly most: number;
  taken: number;
  /** A connection whose descriptor is not among the first of so many leaves too few for the sessions that run. */
  readonly descriptors: number;
};

/** A client with a session. `evict` ends the session. */
export type Guest = Waiting & {
  readonly share: ClientShare;
  readonly evict: () => void;
  state: "before-login" | "logged-in" | "ended" | "closed";
};

export type Admission = {
  /** The client's own share. It is remembered while it holds anything: to be used in the same turn. */
  shareOf(address: string): ClientShare;
  /** Why the client may not come in; undefined if it may. */
  refusalOf(share: ClientShare, limits: AdmissionLimits): AdmissionRefusal | undefined;
  /** Counts a client that may come in, and about whom others are asked first. It has no session, and nobody goes for it. */
  reserve(share: ClientShare): void;
  /** Its place is free again: it has gone, or may not come in, or enters in the same turn. */
  giveBack(share: ClientShare): void;
  /** Counts a client in that may come in. Returns who has to go for it: those before login have a share of all sessions. */
  enter(guest: Guest, limits: AdmissionLimits): Guest | undefined;
  setLoggedIn(guest: Guest, isLoggedIn: boolean): void;
  /** Its session has ended, and its connections are being closed. */
  ended(guest: Guest): void;
  /** They are closed. The last that is heard of it. */
  closed(guest: Guest): void;
  /** Counts a connection that is turned away, or returns false: then there are too many that wait for their end. */
  mayLinger(share: ClientShare, limits: AdmissionLimits): boolean;
  /** A connection that was turned away is closed. */
  gone(share: ClientShare): void;
};

/** So many connections may wait for their end in any case, from one client and from all. */
const leastClosingPerClient = 8;
export const mostTurnedAway = 256;

/** Up to so many clients those that hold nothing are not forgotten. */
const keptShares = 256;

export function createAdmission(places: SessionPlaces): Admission {
  /** Of clients that hold something, and of some that did: who comes again and again needs no new one each time. */
  const shares = new Map<string, ClientShare>();
  const beforeLogin = createWaitingRoom<Guest>();
  let sessions = 0;
  let turnedAway = 0;

  function forget(share: ClientShare): void {
    if (shares.size > keptShares && holdsNothing(share)) shares.delete(share.client);
  }

  function reserve(share: ClientShare): void {
    shares.set(share.client, share);
    share.sessions += 1;
    sessions += 1;
    places.taken += 1;
  }

  return {
    shareOf: (address) => shares.get(clientOf(address)) ?? createShare(address),
    refusalOf(share, limits) {
      if (sessions >= limits.sessions || places.taken >= places.most) return "too-many-sessions";
      if (share.sessions >= limits.sessionsPerClient) return "too-many-sessions-per-client";
      return share.closing > closingLimit(limits) ? "too-many-sessions-per-client" : undefined;
    },
    reserve,
    giveBack(share) {
      share.sessions -= 1;
      sessions -= 1;
      places.taken -= 1;
      forget(share);
    },
    enter(guest, limits) {
      reserve(guest.share);
      beforeLogin.add(guest);
      const most = Math.max(1, Math.floor((limits.sessions * limits.preLogin) / 100));
      return beforeLogin.size() > most ? beforeLogin.oldestOfBusiestNetwork() : undefined;
    },
    setLoggedIn(guest, isLoggedIn) {
      if (guest.state === "ended" || guest.state === "closed") return;
      guest.state = isLoggedIn ? "logged-in" : "before-login";
      if (isLoggedIn) beforeLogin.remove(guest);
      else beforeLogin.add(guest);
    },
    ended(guest) {
      guest.state = "ended";
      beforeLogin.remove(guest);
      guest.share.sessions -= 1;
      guest.share.closing += 1;
      sessions -= 1;
    },
    closed(guest) {
      guest.state = "closed";
      guest.share.closing -= 1;
      places.taken -= 1;
      forget(guest.share);
    },
    mayLinger(share, limits) {
      if (turnedAway >= mostTurnedAway || share.closing >= closingLimit(limits)) return false;
      shares.set(share.client, share);
      turnedAway += 1;
      share.closing += 1;
      return true;
    },
    gone(share) {
      turnedAway -= 1;
      share.closing -= 1;
      forget(share);
    },
  };
}

/** As many connections of a client may be on their way out as it may have sessions. */
function closingLimit({ sessionsPerClient }: AdmissionLimits): number {
  return Math.max(leastClosingPerClient, sessionsPerClient);
}
