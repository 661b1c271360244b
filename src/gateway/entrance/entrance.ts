// Entrance of a gateway: an accepted connection becomes a guest with a session, or is told why not. What a client holds and how
// often it comes is counted here.
import type { Endpoint } from "../../net/endpoint.ts";
import type { GatewayTelemetry } from "../../observe/telemetry.ts";
import { isAmongDescriptors, type Transport } from "../../sockets/transport.ts";
import type { SessionShare } from "../driver/driver-deps.ts";
import type { DrivenSession } from "../driver/driver-deps.ts";
import type { GatewayOptions } from "../options.ts";
import { createAdmission, type Guest, type SessionPlaces } from "./admission.ts";
import { createClientRates } from "./client-rates.ts";
import { turnAway, turnAwayAtOnce, type EntranceRefusal } from "./turn-away.ts";

export type EntranceDeps = {
  readonly telemetry: Pick<GatewayTelemetry, "sessionRefused" | "acceptFailed">;
  readonly places: SessionPlaces;
  readonly limits: GatewayOptions["limits"];
};

/** What a session tells of itself besides. */
export type GuestWatch = { readonly share: SessionShare; ended(): void; closed(): void };

export type Entrance = {
  /** Other limits, from the next client and the next command on. */
  setLimits(limits: GatewayOptions["limits"]): void;
  /** `begin` is called if the client may come in, before any other event of the connection. */
  receive(transport: Transport, client: Endpoint, begin: (watch: GuestWatch) => DrivenSession): void;
  /** Of whom it is not known who it is. `detail`: for operators. */
  sendAway(transport: Transport, reason: EntranceRefusal, detail: string): void;
  /** Clients that are banned at this moment. */
  countBans(): number;
};

export function createEntrance({ telemetry, places, limits: initialLimits }: EntranceDeps): Entrance {
  let limits = initialLimits;
  const admission = createAdmission(places);
  const rates = createClientRates(limits);

  async function judge(transport: Transport, client: Endpoint, begin: (watch: GuestWatch) => DrivenSession) {
    if (!isAmongDescriptors(transport, places.descriptors)) {
      telemetry.acceptFailed("EMFILE");
      return turnAwayAtOnce(transport, "no-descriptor");
    }
    const isTooOften = await rates.connected(admission.shareOf(client.address).client);
    const refused = isTooOften ?? admission.refusalOf(admission.shareOf(client.address), limits);
    if (refused === undefined) admit(client, begin);
    else refuse(transport, client, refused);
  }

  function refuse(transport: Transport, client: Endpoint, reason: EntranceRefusal): void {
    telemetry.sessionRefused(client, reason);
    const share = admission.shareOf(client.address);
    if (admission.mayLinger(share, limits)) turnAway(transport, reason, () => admission.gone(share));
    else turnAwayAtOnce(transport, reason);
  }

  function admit(client: Endpoint, begin: (watch: GuestWatch) => DrivenSession): void {
    const share = admission.shareOf(client.address);
    let session: DrivenSession | undefined;
    const guest: Guest = {
      share,
      state: "before-login",
      evict: () => session?.stop("too-many-before-login", ""),
    };
    const superfluous = admission.enter(guest, limits);
    session = begin({
      share: sessionShare(guest, () => session),
      ended: () => admission.ended(guest),
      closed: () => admission.closed(guest),
    });
    superfluous?.evict();
  }

  function sessionShare(guest: Guest, session: () => DrivenSession | undefined): SessionShare {
    const { share } = guest;
    return {
      client: share,
      async commandsRead(count) {
        const waitMs = await rates.commandsRead(share.client, count);
        if (waitMs > 0) share.readAgainAt = Math.max(share.readAgainAt, performance.now() + waitMs);
      },
      setLoggedIn: (isLoggedIn) => admission.setLoggedIn(guest, isLoggedIn),
      async loginFailed() {
        if (await rates.loginFailed(share.client)) session()?.stop("banned", "");
      },
    };
  }

  return {
    setLimits(next) {
      limits = next;
      rates.setLimits(next);
    },
    receive: (transport, client, begin) => void judge(transport, client, begin),
    sendAway(transport, reason, detail) {
      telemetry.sessionRefused(transport.peer, reason, detail === "" ? undefined : detail);
      turnAwayAtOnce(transport, reason);
    },
    countBans: rates.countBans,
  };
}
