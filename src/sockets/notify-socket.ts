// Notify socket: where a service manager wants to be told what its service does (sd_notify(3)).
import { openDatagrams } from "./datagrams.ts";

/**
 * Sends one message, lines such as `READY=1`, and does not wait. `path`: of the socket; one that begins with @ is abstract. Returns
 * undefined, or why it was not sent: the system's word, or that there is no FFI.
 */
export function sendNotification(path: string, message: string): string | undefined {
  const opened = openDatagrams(path);
  if (!opened.ok) return opened.reason;
  const failure = opened.datagrams.send(message);
  opened.datagrams.close();
  return failure;
}
