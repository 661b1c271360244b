// The system calls of the kernel plane, bound once, and the numbers that they are called with on Linux.
import { getSystemErrorName } from "node:util";
import type { Ffi } from "./ffi.ts";

export type SystemCalls = {
  socket(domain: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array, length: number): number;
  connect(descriptor: number, address: Uint8Array, length: number): number;
  getsockname(descriptor: number, address: Uint8Array, length: Uint8Array): number;
  setsockopt(descriptor: number, level: number, option: number, value: Uint8Array, length: number): number;
  send(descriptor: number, data: Uint8Array, length: number, flags: number): number;
  recv(descriptor: number, data: Uint8Array, length: number, flags: number): number;
  close(descriptor: number): number;
  /** Where a buffer's bytes are: memcpy of nothing returns its destination. */
  memcpy(to: Uint8Array, from: Uint8Array, length: number): number;
  errno(): number;
};

export function bindSystemCalls({ func, errno }: Ffi): SystemCalls {
  return {
    socket: func("int socket(int, int, int)"),
    bind: func("int bind(int, const void *, uint32_t)"),
    connect: func("int connect(int, const void *, uint32_t)"),
    getsockname: func("int getsockname(int, void *, void *)"),
    setsockopt: func("int setsockopt(int, int, int, const void *, uint32_t)"),
    send: func("int64_t send(int, const void *, size_t, int)"),
    recv: func("int64_t recv(int, void *, size_t, int)"),
    close: func("int close(int)"),
    memcpy: func("uintptr_t memcpy(void *, const void *, size_t)"),
    errno,
  };
}

export const families = { local: 1, ipv4: 2, ipv6: 10, netlink: 16 } as const;
export const socketTypes = { stream: 1, raw: 3, closeOnExec: 0o2000000, nonBlocking: 0o4000 } as const;
export const levels = { socket: 1, ipv4: 0, ipv6: 41, tcp: 6, netlink: 270 } as const;
export const options = {
  reuseAddress: 2,
  receiveBuffer: 8,
  receiveTimeout: 20,
  attachFilter: 26,
  forceReceiveBuffer: 33,
  mark: 36,
  freeBind4: 15,
  freeBind6: 78,
  transparent4: 19,
  transparent6: 75,
  tcpRepair: 19,
} as const;
export const doNotWait = 0x40;
export const errnos = {
  eperm: 1,
  enoent: 2,
  eagain: 11,
  busy: 16,
  eexist: 17,
  invalid: 22,
  enfile: 23,
  addressInUse: 98,
  addressNotAvailable: 99,
  noBuffers: 105,
} as const;

/** An int as a value of setsockopt. */
export function int32(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
}

/** `EPERM` for 1; the number itself where it has no name. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}
