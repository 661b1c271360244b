// Notify socket: where a service manager wants to be told what its service does (sd_notify(3)). It takes datagrams on a unix socket,
// which Node does not have.
import { loadFfi } from "./ffi.ts";
import { bindSystemCalls, doNotWait, errnoName, socketTypes } from "./system-calls.ts";

const unixFamily = 1;
const datagram = 2;
/** sun_path of struct sockaddr_un */
const longestPath = 108;
const noSignal = 0x4000;

/**
 * Sends one message, lines such as `READY=1`, and does not wait. `path`: of the socket; one that begins with @ is abstract. Returns
 * undefined, or why it was not sent: the system's word, or that there is no FFI.
 */
export function sendNotification(path: string, message: string): string | undefined {
  const loaded = loadFfi();
  if (!loaded.ok) return loaded.reason;
  const address = unixAddress(path);
  if (address === undefined) return "ENAMETOOLONG";
  const calls = bindSystemCalls(loaded.ffi);
  const fd = calls.socket(unixFamily, datagram | socketTypes.closeOnExec, 0);
  if (fd < 0) return errnoName(calls.errno());
  const data = Buffer.from(message);
  const isSent =
    calls.connect(fd, address, address.length) === 0 &&
    calls.send(fd, data, data.length, doNotWait | noSignal) === data.length;
  const failure = isSent ? undefined : errnoName(calls.errno());
  calls.close(fd);
  return failure;
}

/** struct sockaddr_un. A name in the file system ends with a NUL, an abstract one begins with it. */
function unixAddress(path: string): Buffer | undefined {
  const isAbstract = path.startsWith("@");
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > longestPath) return undefined;
  return Buffer.concat([new Uint8Array(new Uint16Array([unixFamily]).buffer), name]);
}
