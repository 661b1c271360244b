// Obstacle of a kernel plane in use: after a refusal the plane stands back until the kernel would take a pinhole again; where it
// is told to, until it is told otherwise; after a failure, for ever.
import { errnoName, errnos } from "../../sockets/system-calls.ts";
import type { Note } from "./plane-preparation.ts";

export type PlaneObstacle = {
  /** Why the plane can't be used now. A plane that was refused probes the kernel, at most every 5 s. */
  current(): string | undefined;
  /** The kernel refused to open a pinhole, with this errno. Returns what to tell of it. */
  refused(errno: number): string;
  /** Why the plane stands back until it is said otherwise, or that nothing keeps it back any more (undefined). */
  standBack(reason: string | undefined): void;
  /** The plane can't be used any more. */
  failed(reason: string): void;
};

export type ObstacleOptions = {
  readonly table: string;
  readonly note: Note;
  /** The errno that opening a pinhole would give, or 0. */
  readonly probe: () => number;
  /** Loads the table again. Why it can't be loaded, or undefined. */
  readonly reload: () => Promise<string | undefined>;
  readonly now?: () => number;
};

const probeAgainMs = 5000;

export function createPlaneObstacle({
  table,
  note,
  probe,
  reload,
  now = () => performance.now(),
}: ObstacleOptions): PlaneObstacle {
  let failure: string | undefined;
  let standingBack: string | undefined;
  let refusal: { readonly text: string; readonly errno: number; probedAt: number } | undefined;
  return {
    current() {
      const lasting = failure ?? standingBack;
      if (lasting !== undefined || refusal === undefined) return lasting;
      if (now() - refusal.probedAt < probeAgainMs) return refusal.text;
      refusal.probedAt = now();
      if (probe() !== 0) return refusal.text;
      note("info", "the kernel plane is usable again");
      refusal = undefined;
      return undefined;
    },
    refused(errno) {
      const text = refusalText(errno, table);
      // A map that is full has room again with the next transfer that ends.
      if (errno === errnos.enfile) return text;
      if (refusal?.errno !== errno) note("warn", `the kernel plane stands back: ${text}`);
      refusal = { text, errno, probedAt: now() };
      if (errno === errnos.enoent) void reloadTable();
      return text;
    },
    standBack(reason) {
      standingBack = reason;
    },
    failed(reason) {
      failure = reason;
      note("warn", reason);
    },
  };

  async function reloadTable() {
    const obstacle = await reload();
    if (obstacle === undefined && refusal) refusal.probedAt = -Infinity;
  }
}

function refusalText(errno: number, table: string): string {
  const reasons: Readonly<Record<number, string>> = {
    [errnos.eperm]: "nftables may not be changed (CAP_NET_ADMIN is missing)",
    [errnos.enoent]: `table inet ${table} or a map of it is gone`,
    [errnos.enfile]: `a map of table inet ${table} is full`,
  };
  return `${errnoName(errno)}: ${reasons[errno] ?? "the pinhole was refused"}`;
}
