// Datagrams on a unix socket, which Node does not have: one peer, to which messages are sent without waiting.
import { loadFfi } from "./ffi.ts";
import { bindSystemCalls, doNotWait, errnoName, socketTypes } from "./system-calls.ts";

const unixFamily = 1;
const datagram = 2;
/** sun_path of struct sockaddr_un */
const longestPath = 108;
const noSignal = 0x4000;

export type Datagrams = {
  /** Undefined, or the system's word for why it was not sent. */
  send(message: string): string | undefined;
  close(): void;
};

export type OpenedDatagrams =
  | { readonly ok: true; readonly datagrams: Datagrams }
  | { readonly ok: false; readonly reason: string };

/**
 * `path`: of the socket; one that begins with @ is abstract. `reason`: the system's word, or that there is no FFI.
 */
export function openDatagrams(path: string): OpenedDatagrams {
  const loaded = loadFfi();
  if (!loaded.ok) return loaded;
  const address = unixAddress(path);
  if (address === undefined) return { ok: false, reason: "ENAMETOOLONG" };
  const calls = bindSystemCalls(loaded.ffi);
  const fd = calls.socket(unixFamily, datagram | socketTypes.closeOnExec, 0);
  if (fd < 0) return { ok: false, reason: errnoName(calls.errno()) };
  if (calls.connect(fd, address, address.length) !== 0) {
    const reason = errnoName(calls.errno());
    calls.close(fd);
    return { ok: false, reason };
  }
  return {
    ok: true,
    datagrams: {
      send(message) {
        const data = Buffer.from(message);
        const sent = calls.send(fd, data, data.length, doNotWait | noSignal);
        return sent === data.length ? undefined : errnoName(calls.errno());
      },
      close: () => void calls.close(fd),
    },
  };
}

/** struct sockaddr_un. A name in the file system ends with a NUL, an abstract one begins with it. */
export function unixAddress(path: string): Buffer | undefined {
  const isAbstract = path.startsWith("@");
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > longestPath) return undefined;
  return Buffer.concat([new Uint8Array(new Uint16Array([unixFamily]).buffer), name]);
}
