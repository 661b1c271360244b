// Entrance of a gateway: an accepted connection becomes a guest with a session, or is told why not. What a client holds and how
// often it comes is counted here.
import type { Endpoint } from "../../net/endpoint.ts";
import type { GatewayTelemetry } from "../../observe/telemetry.ts";
import { isAmongDescriptors, type Transport } from "../../sockets/transport.ts";
import type { SessionShare } from "../driver/driver-deps.ts";
import type { DrivenSession } from "../driver/driver-deps.ts";
import type { GatewayOptions } from "../options.ts";
import { createAdmission, type Admission, type Guest, type SessionPlaces } from "./admission.ts";
import { createAwaitedVerdicts, isLetIn, type AwaitedVerdicts } from "./awaited-verdicts.ts";
import { createClientRates, type ClientRates } from "./client-rates.ts";
import type { SharedCounts } from "./shared-counts.ts";
import { turnAway, turnAwayAtOnce, type EntranceRefusal } from "./turn-away.ts";

export type EntranceDeps = {
  readonly telemetry: Pick<GatewayTelemetry, "sessionRefused" | "acceptFailed">;
  readonly places: SessionPlaces;
  readonly limits: GatewayOptions["limits"];
  /** What other processes count too; undefined where there are none. */
  readonly counts: SharedCounts | undefined;
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
  /** Resolves when nobody is between the door and a session of those that are there now. */
  allJudged(): Promise<void>;
  /** Closes the connections of those that are not in yet. */
  closeWaiting(): void;
};

/** Where it is counted what clients do. */
type Tally = Pick<EntranceDeps, "counts"> & {
  readonly admission: Admission;
  readonly rates: ClientRates;
  readonly limits: () => GatewayOptions["limits"];
};

type Newcomer = {
  readonly transport: Transport;
  readonly client: Endpoint;
  readonly begin: (watch: GuestWatch) => DrivenSession;
};

export function createEntrance({ telemetry, places, limits: initialLimits, counts }: EntranceDeps): Entrance {
  let limits = initialLimits;
  const admission = createAdmission(places);
  const rates = createClientRates(limits);
  const tally: Tally = { admission, rates, counts, limits: () => limits };
  const verdicts = counts && createAwaitedVerdicts(counts);

  async function judge(transport: Transport, client: Endpoint, begin: (watch: GuestWatch) => DrivenSession) {
    if (!isAmongDescriptors(transport, places.descriptors)) {
      telemetry.acceptFailed("EMFILE");
      return turnAwayAtOnce(transport, "no-descriptor");
    }
    const isTooOften = await rates.connected(admission.shareOf(client.address).client);
    const refused = isTooOften ?? admission.refusalOf(admission.shareOf(client.address), limits);
    if (refused !== undefined) refuse(transport, client, refused);
    else if (verdicts === undefined) admit(client, begin);
    else askOthers(verdicts, { transport, client, begin });
  }

  /** It has its place here meanwhile. */
  function askOthers(others: AwaitedVerdicts, { transport, client, begin }: Newcomer): void {
    const share = admission.shareOf(client.address);
    admission.reserve(share);
    others.await(transport, share.client, limits, {
      judged(verdict) {
        admission.giveBack(share);
        if (isLetIn(verdict)) return admit(client, begin);
        if (verdict.kind === "banned") void rates.ban(share.client, verdict.ms);
        refuse(transport, client, verdict.kind === "banned" ? "banned" : verdict.reason);
      },
      gone: () => admission.giveBack(share),
    });
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
      share: sessionShare(tally, guest, () => session),
      ended() {
        admission.ended(guest);
        counts?.left(share.client);
      },
      closed: () => admission.closed(guest),
    });
    superfluous?.evict();
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
    allJudged: async () => verdicts?.allJudged(),
    closeWaiting: () => verdicts?.closeWaiting(),
  };
}

/** What a session takes of its client's share, and what it adds to the client's counts. */
function sessionShare(tally: Tally, guest: Guest, session: () => DrivenSession | undefined): SessionShare {
  const { admission, rates } = tally;
  const { share } = guest;
  return {
    client: share,
    async commandsRead(count) {
      const waitMs = await rates.commandsRead(share.client, count);
      if (waitMs > 0) share.readAgainAt = Math.max(share.readAgainAt, performance.now() + waitMs);
    },
    setLoggedIn: (isLoggedIn) => admission.setLoggedIn(guest, isLoggedIn),
    async loginFailed() {
      if (await isBannedNow(tally, share.client)) session()?.stop("banned", "");
    },
  };
}

/** By the failures here, and by those that others have counted. */
async function isBannedNow({ rates, counts, limits }: Tally, client: string): Promise<boolean> {
  const here = rates.loginFailed(client);
  if (counts === undefined) return here;
  const [isBanned, ms] = await Promise.all([here, counts.loginFailed(client, limits().loginFailures)]);
  if (ms > 0) await rates.ban(client, ms);
  return isBanned || ms > 0;
}
