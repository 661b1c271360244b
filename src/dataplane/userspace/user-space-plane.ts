// User-space plane, what relay and splice share: a plane whose data connections end in this process. It knows which are
// open, and how to carry is handed in.
import { type Bagged, putInto, takeOut } from "../../net/bag.ts";
import { soon } from "../../sockets/soon.ts";
import type { DataPlane, Pinhole, PinholeEvent, PinholeRequest, PlaneName } from "../pinhole.ts";

/** `stopped` releases what the plane itself holds, once no data connection is open. `unfit`: why it can't be used now. */
export type UserSpacePlaneOptions = {
  readonly name: PlaneName;
  readonly open: (request: PinholeRequest, report: (event: PinholeEvent) => void) => Pinhole;
  readonly unfit?: () => string | undefined;
  readonly stopped?: () => Promise<void>;
};

/** In the bag before there is anything to report. */
type OpenPinhole = Bagged & { pinhole: Pinhole | undefined };

export function createUserSpacePlane({ name, open: openPinhole, unfit, stopped }: UserSpacePlaneOptions): DataPlane {
  const open: OpenPinhole[] = [];
  let stopping: Promise<void> | undefined;
  let allClosed: (() => void) | undefined;

  const whyUnfit = () => (stopping ? "the data plane is stopping" : unfit?.());

  return {
    name,
    unfit: whyUnfit,
    open(request, report) {
      const detail = whyUnfit();
      if (detail !== undefined) return refusePinhole(detail, report);
      const entry: OpenPinhole = { place: -1, pinhole: undefined };
      putInto(open, entry);
      entry.pinhole = openPinhole(request, (event) => {
        if (event.kind === "closed" || event.kind === "refused") takeOut(open, entry);
        report(event);
        if (open.length === 0) allClosed?.();
      });
      return entry.pinhole;
    },
    refreshCounts() {},
    missing() {
      const why = whyUnfit();
      return why === undefined ? [] : [{ plane: name, why }];
    },
    stop() {
      stopping ??= (async () => {
        for (const { pinhole } of [...open]) pinhole?.release();
        if (open.length > 0) await new Promise<void>((resolve) => (allClosed = resolve));
        await stopped?.();
      })();
      return stopping;
    },
  };
}

function refusePinhole(detail: string, report: (event: PinholeEvent) => void): Pinhole {
  soon(() => report({ kind: "refused", reason: "plane-unavailable", detail }));
  const nothing = () => {};
  return {
    start: nothing,
    confirm: nothing,
    linger: nothing,
    release: nothing,
    dismiss: nothing,
    counts: () => ({ bytesUp: 0, bytesDown: 0 }),
  };
}
