// sd_notify: systemd, or whoever else has started the process and wants to be told what it does (sd_notify(3)). Where nobody does,
// nothing is sent.
import { execFile } from "node:child_process";
import { sendNotification } from "../sockets/notify-socket.ts";

export type ServiceManager = {
  /** Clients are taken, for the first time or after a reload. */
  ready(status: string): void;
  reloading(): void;
  /** The process ends, which running transfers may delay. */
  stopping(status: string): void;
  /** Another process is the service from now on; of this one nothing is told any more. */
  replacedBy(pid: number): void;
};

/** `watchdogMs`: without a sign of life for so long the manager ends the process. */
export type ManagedBy = { readonly socket: string; readonly watchdogMs: number | undefined };

const silent: ServiceManager = { ready() {}, reloading() {}, stopping() {}, replacedBy() {} };

/** Signs of life are given as long as the event loop turns, without keeping the process alive. */
export function createServiceManager(manager: ManagedBy | undefined): ServiceManager {
  if (manager === undefined) return silent;
  const { socket, watchdogMs } = manager;
  let isReplaced = false;
  const tell = (...lines: readonly string[]): void => {
    if (isReplaced) return;
    if (sendNotification(socket, lines.join("\n")) !== undefined) tellByProgram(socket, lines);
  };
  if (watchdogMs !== undefined) setInterval(() => tell("WATCHDOG=1"), watchdogMs / 2).unref();
  return {
    ready: (status) => tell("READY=1", `STATUS=${status}`),
    reloading: () => tell("RELOADING=1"),
    replacedBy(pid) {
      tell(`MAINPID=${pid}`);
      isReplaced = true;
    },
    stopping: (status) => tell("STOPPING=1", `STATUS=${status}`),
  };
}

/** Where there is no FFI. The unit has to say `NotifyAccess=all`. */
function tellByProgram(socket: string, lines: readonly string[]): void {
  execFile("systemd-notify", [...lines], { env: { PATH: "/usr/bin:/bin", NOTIFY_SOCKET: socket } }, () => {});
}
