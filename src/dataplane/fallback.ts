// Fallback: several data planes as one. Each pinhole is opened on the first plane that can carry it and does open it.
import type { DataPlane, MissingPlane, Pinhole, PinholeEvent, PinholeRequest, PlaneName } from "./pinhole.ts";

/**
 * `planes`: the best first, whose name it has; the last one takes what the others can't. `chose` is told what was taken and why.
 * `absent`: those that could not even be made.
 */
export function createFallbackPlane(
  planes: readonly DataPlane[],
  chose: (plane: PlaneName, why: string) => void,
  absent: readonly MissingPlane[] = [],
): DataPlane {
  const [first] = planes;
  const last = planes.at(-1);
  if (first === undefined || last === undefined) throw new Error("no data plane");
  return {
    name: first.name,
    unfit: (request) => (planes.every((plane) => plane.unfit(request) !== undefined) ? last.unfit(request) : undefined),
    open: (request, report) => openOnFirst(planes, request, report, chose),
    refreshCounts() {
      for (const plane of planes) plane.refreshCounts();
    },
    missing: () => [...absent, ...planes.flatMap((plane) => plane.missing())],
    async stop() {
      await Promise.all(planes.map((plane) => plane.stop()));
    },
  };
}

function openOnFirst(
  planes: readonly DataPlane[],
  request: PinholeRequest,
  report: (event: PinholeEvent) => void,
  chose: (plane: PlaneName, why: string) => void,
): Pinhole {
  const reasons: string[] = [];
  /** What the owner has said: a plane that takes over has to hear it too. */
  const said: ((pinhole: Pinhole) => void)[] = [];
  let isReleased = false;
  let current: Pinhole;

  const say = (word: (pinhole: Pinhole) => void) => {
    said.push(word);
    word(current);
  };

  const openFrom = (index: number): Pinhole => {
    const plane = planes[index];
    if (plane === undefined) throw new Error("no data plane left");
    const isLast = index === planes.length - 1;
    const unfit = plane.unfit(request);
    if (unfit !== undefined && !isLast) {
      reasons.push(`${plane.name}: ${unfit}`);
      return openFrom(index + 1);
    }
    return plane.open(request, (event) => {
      if (event.kind === "refused" && event.reason === "plane-unavailable" && !isLast && !isReleased) {
        reasons.push(`${plane.name}: ${event.detail}`);
        current = openFrom(index + 1);
        for (const word of said) word(current);
        return;
      }
      if (event.kind === "opened") chose(plane.name, reasons.join("; "));
      report(event);
    });
  };

  current = openFrom(0);
  return {
    start: () => say((pinhole) => pinhole.start()),
    confirm: () => say((pinhole) => pinhole.confirm()),
    linger: (ms) => say((pinhole) => pinhole.linger(ms)),
    release() {
      isReleased = true;
      current.release();
    },
    dismiss() {
      isReleased = true;
      current.dismiss();
    },
    counts: () => current.counts(),
  };
}
