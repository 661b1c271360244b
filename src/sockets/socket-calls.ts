// Socket calls: what sockets can do on Linux and Node does not offer: where an intercepted connection was going, speaking as another
// machine, urgent data. Descriptors in, values out; linux/in.h, linux/in6.h and asm-generic/socket.h have the numbers.
import { getSystemErrorName } from "node:util";
import ipaddr from "ipaddr.js";
import { type Endpoint, type Family, familyOf, formatEndpoint, parseAddress } from "../net/endpoint.ts";
import { type Ffi, loadFfi } from "./ffi.ts";
import { readTcpInfo, tcpInfoBytes, type TcpInfo } from "./tcp-info.ts";

export type SocketCalls = {
  /** Urgent bytes stay in the stream. Set on a listener, it holds for every socket that it accepts. */
  keepUrgentInline(fd: number): boolean;
  /**
   * Whatever closes it resets the connection, the end of the process included; off, it ends in order. Set on a listener, it
   * holds for every socket that it accepts.
   */
  resetWhenClosed(fd: number, isOn: boolean): boolean;
  /** TCP_NODELAY */
  noDelay(fd: number): boolean;
  /** SO_REUSEADDR: a port in TIME_WAIT can be bound again, as everywhere in libuv. */
  reuseAddress(fd: number): boolean;
  /** Keepalive as libuv sets it, after `idleMs` every second, ten times, and `limitUnacknowledged`. */
  keepAlive(fd: number, idleMs: number): boolean;
  /**
   * Set on a listener, it holds for every socket that it accepts: no delay (TCP_NODELAY), keepalive as libuv sets it,
   * after `idleMs` every second, ten times, and `limitUnacknowledged`. Whether all of it was set.
   */
  presetAccepted(fd: number, idleMs: number): boolean;
  /**
   * What was sent and is not acknowledged for as long as keepalive after `idleMs` would take ends the connection
   * (TCP_USER_TIMEOUT): until it is acknowledged, TCP sends no keepalive, and repeats it for a quarter of an hour.
   */
  limitUnacknowledged(fd: number, idleMs: number): boolean;
  /**
   * Hands text (latin1) to the kernel at once, and tells how many bytes it took: 0 if none, whatever the reason, and for texts
   * of more than 16 KiB, which are rare and gain nothing. Node's way through streams costs about as much as the system call.
   */
  send(fd: number, text: string): number;
  /** Where an accepted connection was going before it was redirected. Undefined if the kernel has no record of it. */
  originalDestination(fd: number, family: Family): Endpoint | undefined;
  /**
   * Lets it be an end of connections to addresses of other machines (IP_TRANSPARENT), for which the process needs
   * CAP_NET_ADMIN or CAP_NET_RAW. Returns the name of the error, if any.
   */
  makeTransparent(fd: number, family: Family): string | undefined;
  /** A new stream socket at that endpoint, even where the address is another machine's. Throws an ErrnoException. */
  bindAnywhere(endpoint: Endpoint): number;
  /** Another descriptor of the same connection; below 0 if none is left. */
  duplicate(fd: number): number;
  /** Bytes written to a connection that its peer has not acknowledged; 0 if there is none. */
  unacknowledgedBytes(fd: number): number;
  /** Undefined if there is no connection. */
  tcpInfo(fd: number): TcpInfo | undefined;
};

export type LoadedSocketCalls =
  | { readonly ok: true; readonly calls: SocketCalls }
  | { readonly ok: false; readonly reason: string };

const inet = { 4: 2, 6: 10 } as const;
/** SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC */
const streamType = 0o2004001;
const sol = { ip: 0, socket: 1, tcp: 6, ipv6: 41 } as const;
const reuseAddress = 2;
const tcpInfo = 11;
const keepAlive = 9;
const outOfBandInline = 10;
const linger = 13;
const ipTransparent = 19;
const ipv6Only = 26;
const ipv6Transparent = 75;
const originalDst = 80;
const tcpNoDelay = 1;
const tcpKeepIdle = 4;
const tcpKeepInterval = 5;
const tcpKeepCount = 6;
const tcpUserTimeout = 18;
/** F_DUPFD_CLOEXEC */
const duplicateCloseOnExec = 1030;
const dontWait = 0x40;
const noSignal = 0x4000;
/** tcp(7); the same number as TIOCOUTQ */
const siocOutq = 0x5411;

/** struct linger: on or off, and for how many seconds. */
const lingers = { noTime: Buffer.from(new Int32Array([1, 0]).buffer), off: Buffer.alloc(8) } as const;

/** libuv's. */
const keepaliveProbes = { count: 10, secondsApart: 1 } as const;

const one = Buffer.from(new Int32Array([1]).buffer);

/** What one call of `send` is given at most. */
export const sendLimit = 16_384;
/** Where a text stands in bytes while a call takes it. */
export const sendMemory = Buffer.allocUnsafeSlow(sendLimit);
/** Up to here copying by hand is less than the way to Node's copying. */
const shortText = 256;

/** Writes the beginning of a text (latin1) into `sendMemory`, as much as there is room for, and returns how many bytes that is. */
export function placeText(text: string): number {
  const length = Math.min(text.length, sendLimit);
  if (length <= shortText) for (let at = 0; at < length; at++) sendMemory[at] = text.charCodeAt(at);
  else sendMemory.write(text, 0, length, "latin1");
  return length;
}

let loaded: LoadedSocketCalls | undefined;

/** Never throws: where they are not to be had, `reason` says why. */
export function loadSocketCalls(): LoadedSocketCalls {
  loaded ??= load();
  return loaded;
}

function load(): LoadedSocketCalls {
  const c = loadFfi();
  return c.ok ? { ok: true, calls: declare(c.ffi) } : c;
}

function declare({ func, errno }: Ffi): SocketCalls {
  const socket = func("int socket(int, int, int)");
  const bind = func("int bind(int, const void *, uint32_t)");
  const close = func("int close(int)");
  const getOption = func("int getsockopt(int, int, int, void *, void *)");
  const setOption = func("int setsockopt(int, int, int, const void *, uint32_t)");
  const send = func("int64_t send(int, const void *, size_t, int)");
  // Variadic in C; every Linux ABI passes a variadic int like any other.
  const fcntl = func("int fcntl(int, int, int)");
  const ioctl = func("int ioctl(int, unsigned long, void *)");

  const setNumber = (fd: number, level: number, option: number, value: number): boolean =>
    setOption(fd, level, option, Buffer.from(new Int32Array([value]).buffer), 4) === 0;
  const switchOn = (fd: number, level: number, option: number): string | undefined =>
    setNumber(fd, level, option, 1) ? undefined : getSystemErrorName(-errno());
  const noDelay = (fd: number): boolean => setOption(fd, sol.tcp, tcpNoDelay, one, 4) === 0;
  const setKeepAlive = (fd: number, idleMs: number): boolean =>
    keepaliveOptions(idleMs).every(([level, option, value]) => setNumber(fd, level, option, value)) &&
    limitUnacknowledged(fd, idleMs);
  const makeTransparent = (fd: number, family: Family): string | undefined =>
    family === 4 ? switchOn(fd, sol.ip, ipTransparent) : switchOn(fd, sol.ipv6, ipv6Transparent);

  const limitUnacknowledged = (fd: number, idleMs: number): boolean =>
    setNumber(fd, sol.tcp, tcpUserTimeout, idleMs + keepaliveProbes.count * keepaliveProbes.secondsApart * 1000);

  return {
    keepUrgentInline: (fd) => switchOn(fd, sol.socket, outOfBandInline) === undefined,
    resetWhenClosed: (fd, isOn) => setOption(fd, sol.socket, linger, isOn ? lingers.noTime : lingers.off, 8) === 0,
    noDelay,
    reuseAddress: (fd) => setOption(fd, sol.socket, reuseAddress, one, 4) === 0,
    keepAlive: setKeepAlive,
    presetAccepted: (fd, idleMs) => noDelay(fd) && setKeepAlive(fd, idleMs),
    limitUnacknowledged,
    send(fd, text) {
      const { length } = text;
      if (length > sendLimit) return 0;
      return Math.max(0, send(fd, sendMemory, placeText(text), dontWait | noSignal));
    },
    originalDestination(fd, family) {
      const address = Buffer.alloc(28);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(address.length);
      const level = family === 4 ? sol.ip : sol.ipv6;
      return getOption(fd, level, originalDst, address, length) === 0 ? readSocketAddress(address) : undefined;
    },
    makeTransparent,
    bindAnywhere(endpoint) {
      const family = familyOf(endpoint.address);
      const fail = (call: string, name: string): never => {
        throw Object.assign(new Error(`${call} ${name} ${formatEndpoint(endpoint)}`), { code: name, syscall: call });
      };
      const fd = socket(inet[family], streamType, sol.tcp);
      if (fd < 0) return fail("socket", getSystemErrorName(-errno()));
      // A port in TIME_WAIT can be bound again, as everywhere in libuv.
      switchOn(fd, sol.socket, reuseAddress);
      if (family === 6) switchOn(fd, sol.ipv6, ipv6Only);
      const refusal = makeTransparent(fd, family);
      const address = writeSocketAddress(endpoint);
      const unbound = refusal === undefined && bind(fd, address, address.length) !== 0;
      const failure = refusal ?? (unbound ? getSystemErrorName(-errno()) : undefined);
      if (failure === undefined) return fd;
      close(fd);
      return fail(unbound ? "bind" : "setsockopt", failure);
    },
    duplicate: (fd) => fcntl(fd, duplicateCloseOnExec, 0),
    unacknowledgedBytes(fd) {
      const bytes = Buffer.alloc(4);
      return ioctl(fd, siocOutq, bytes) === 0 ? bytes.readInt32LE() : 0;
    },
    tcpInfo(fd) {
      const info = Buffer.alloc(tcpInfoBytes);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(info.length);
      return getOption(fd, sol.tcp, tcpInfo, info, length) === 0 ? readTcpInfo(info) : undefined;
    },
  };
}

type NumberOption = readonly [level: number, option: number, value: number];

function keepaliveOptions(idleMs: number): readonly NumberOption[] {
  return [
    [sol.socket, keepAlive, 1],
    [sol.tcp, tcpKeepIdle, Math.max(1, Math.floor(idleMs / 1000))],
    [sol.tcp, tcpKeepInterval, keepaliveProbes.secondsApart],
    [sol.tcp, tcpKeepCount, keepaliveProbes.count],
  ];
}

/** sockaddr_in, sockaddr_in6: the family in the machine's byte order, port and address in the network's. */
function writeSocketAddress({ address, port }: Endpoint): Buffer {
  const family = familyOf(address);
  const written = Buffer.alloc(family === 4 ? 16 : 28);
  written.writeUInt16LE(inet[family], 0);
  written.writeUInt16BE(port, 2);
  written.set(ipaddr.parse(address).toByteArray(), family === 4 ? 4 : 8);
  return written;
}

/** Undefined if it is no address of IP. */
export function readSocketAddress(written: Buffer): Endpoint | undefined {
  const bytes = written.readUInt16LE(0) === inet[4] ? written.subarray(4, 8) : written.subarray(8, 24);
  const address = parseAddress(ipaddr.fromByteArray([...bytes]).toString());
  return address === undefined ? undefined : { address, port: written.readUInt16BE(2) };
}
