// Managed by: who has started the process and wants to be told what it does, as sd_notify(3) and sd_watchdog_enabled(3) say it.
import type { ManagedBy } from "../process/sd-notify.ts";

/** Undefined where nobody wants to be told. The watchdog is for the process with that id alone. */
export function managedBy(env: Readonly<Record<string, string | undefined>>, pid: number): ManagedBy | undefined {
  const { NOTIFY_SOCKET: socket = "", WATCHDOG_USEC: microseconds = "", WATCHDOG_PID: watched } = env;
  if (!/^[/@]./.test(socket)) return undefined;
  const isWatched = /^[1-9]\d{0,15}$/.test(microseconds) && (watched === undefined || watched === String(pid));
  return { socket, watchdogMs: isWatched ? Number(microseconds) / 1000 : undefined };
}
