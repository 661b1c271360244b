// Pinhole claim: a port of ours with a pinhole on it, taken from its pool, kept from other programs, known to the kernel's maps.
import type { Endpoint } from "../../net/endpoint.ts";
import type { ListenLeg } from "../pinhole.ts";
import type { OpenRefusal } from "../pinhole.ts";
import { noPort, portsTaken } from "../port-refusals.ts";
import type { Netfilter } from "./netlink/netfilter.ts";
import type { PinholeElements } from "./netlink/pinhole-elements.ts";
import { type PortReservation, reservePort } from "./port-reservation.ts";
import { errnoName, errnos } from "../../sockets/system-calls.ts";
import type { UsedPinholes } from "./used-pinholes.ts";

export type PinholeClaim = {
  readonly local: Endpoint;
  /** Its one connection has come; it goes on when the pinhole is gone. */
  used(): void;
  /** Other programs may have the port; the pool has it back with `release` only. */
  unreserve(): void;
  /** All of it. */
  release(): void;
};

/** `errno`: the kernel's own, where it refused the elements. */
export type ClaimRefusal = { readonly reason: OpenRefusal; readonly detail: string; readonly errno?: number };

/** Ports tried where other programs hold ports of our range. */
const attemptsLimit = 8;

export function claimPinhole(
  netfilter: Pick<Netfilter, "calls" | "close">,
  usedPinholes: UsedPinholes,
  leg: ListenLeg,
  elements: Omit<PinholeElements, "local">,
): PinholeClaim | ClaimRefusal {
  const { bind, ports, isForeign } = leg;
  const attempts = leg.port === undefined ? attemptsLimit : 1;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = ports.take(leg.port);
    if (port === undefined) return { reason: "ports-exhausted", detail: noPort(leg) };
    const reservation = reservePort(netfilter.calls, { address: bind, port }, isForeign);
    if ("port" in reservation) {
      const local = { address: bind, port: reservation.port };
      const key = { peer: elements.peer, local };
      const errno = usedPinholes.open({ ...elements, local });
      if (errno === 0) {
        return claim(
          local,
          reservation,
          () => usedPinholes.add(key),
          () => netfilter.close([key]),
          () => ports.release(port),
        );
      }
      reservation.release();
      ports.release(port);
      // An earlier pinhole's element is still there: another port will do.
      if (errno !== errnos.eexist) return { reason: "plane-unavailable", detail: errnoName(errno), errno };
    } else {
      // A port that another program has rests like any used one.
      ports.release(port);
      if (reservation.errno !== errnos.addressInUse) {
        return { reason: "address-unavailable", detail: `bind ${errnoName(reservation.errno)} ${bind}` };
      }
    }
  }
  return { reason: "ports-exhausted", detail: portsTaken(leg, attempts) };
}

function claim(
  local: Endpoint,
  reservation: PortReservation,
  removeSoon: () => void,
  removeNow: () => void,
  giveBack: () => void,
): PinholeClaim {
  let isUsed = false;
  let isReleased = false;
  return {
    local,
    used() {
      if (!isUsed) removeSoon();
      isUsed = true;
    },
    unreserve: () => reservation.release(),
    release() {
      if (isReleased) return;
      isReleased = true;
      if (!isUsed) removeNow();
      reservation.release();
      giveBack();
    },
  };
}
