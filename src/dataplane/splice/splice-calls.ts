// Splice calls: the system calls of splicing. Descriptors and results are as in C: below zero is a failure, whose reason is
// `errno()`.
import { endianness, platform } from "node:os";
import { type CFunction, loadFfi } from "../../sockets/ffi.ts";

export type SpliceCalls = {
  readonly eventfd: CFunction;
  readonly epollCreate: CFunction;
  readonly epollControl: CFunction;
  readonly epollWait: CFunction;
  readonly pipe: CFunction;
  readonly pipeControl: CFunction;
  readonly splice: CFunction;
  readonly shutdown: CFunction;
  readonly pageSize: CFunction;
  /** Of the call just made: nothing may come between. */
  errno(): number;
};

export type LoadedSpliceCalls =
  | { readonly ok: true; readonly calls: SpliceCalls }
  | { readonly ok: false; readonly reason: string };

/** Bound once per thread. */
export function loadSpliceCalls(): LoadedSpliceCalls {
  // Structures of the kernel are written and read as little-endian.
  if (platform() !== "linux" || endianness() !== "LE") return { ok: false, reason: "splice needs little-endian Linux" };
  const loaded = loadFfi();
  if (!loaded.ok) return loaded;
  const { func, errno } = loaded.ffi;
  const calls: SpliceCalls = {
    eventfd: func("int eventfd(unsigned int count, int flags)"),
    epollCreate: func("int epoll_create1(int flags)"),
    epollControl: func("int epoll_ctl(int epoll, int operation, int fd, void *event)"),
    epollWait: func("int epoll_wait(int epoll, void *events, int most, int timeoutMs)"),
    pipe: func("int pipe2(void *ends, int flags)"),
    // Variadic in C; every Linux ABI passes a variadic int like any other.
    pipeControl: func("int fcntl(int fd, int operation, int bytes)"),
    splice: func("int64_t splice(int from, void *, int to, void *, size_t bytes, unsigned int flags)"),
    shutdown: func("int shutdown(int fd, int how)"),
    pageSize: func("int getpagesize()"),
    errno,
  };
  return { ok: true, calls };
}
