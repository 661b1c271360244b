// Loop calls: the system calls of connections on the loop, and what libuv tells of Node's own loop, through koffi. Every descriptor is
// non-blocking: a call that waits would stop the process.
import { endianness, platform } from "node:os";
import { isMainThread } from "node:worker_threads";
import { type CFunction, loadFfi } from "../ffi.ts";
import { loadSocketCalls, type SocketCalls } from "../socket-calls.ts";

export type LoopCalls = {
  readonly epollCreate: CFunction;
  readonly epollControl: CFunction;
  readonly epollWait: CFunction;
  readonly socket: CFunction;
  readonly bind: CFunction;
  readonly listen: CFunction;
  readonly connect: CFunction;
  readonly accept: CFunction;
  readonly getSocketName: CFunction;
  readonly getOption: CFunction;
  readonly send: CFunction;
  readonly receive: CFunction;
  readonly shutdown: CFunction;
  readonly close: CFunction;
  readonly pair: CFunction;
  /** Of Node's loop in the main thread: libuv's public interface. */
  readonly nodeLoop: CFunction;
  readonly nodeDescriptor: CFunction;
  readonly nodeTimeout: CFunction;
  readonly updateNodeClock: CFunction;
  /** Of the call just made: nothing may come between. */
  errno(): number;
  readonly sockets: SocketCalls;
};

export type LoadedLoopCalls =
  | { readonly ok: true; readonly calls: LoopCalls }
  | { readonly ok: false; readonly reason: string };

/** Never throws: where they are not to be had, `reason` says why. */
export function loadLoopCalls(): LoadedLoopCalls {
  // Structures of the kernel are written and read as little-endian.
  if (platform() !== "linux" || endianness() !== "LE") return { ok: false, reason: "it needs little-endian Linux" };
  if (!isMainThread) return { ok: false, reason: "not in the main thread" };
  const loaded = loadFfi();
  if (!loaded.ok) return loaded;
  const sockets = loadSocketCalls();
  if (!sockets.ok) return sockets;
  try {
    return { ok: true, calls: { ...declare(loaded.ffi.func), errno: loaded.ffi.errno, sockets: sockets.calls } };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

function declare(func: (prototype: string) => CFunction): Omit<LoopCalls, "errno" | "sockets"> {
  return {
    epollCreate: func("int epoll_create1(int flags)"),
    epollControl: func("int epoll_ctl(int epoll, int operation, int fd, void *event)"),
    epollWait: func("int epoll_wait(int epoll, void *events, int most, int timeoutMs)"),
    socket: func("int socket(int, int, int)"),
    bind: func("int bind(int, const void *, uint32_t)"),
    listen: func("int listen(int, int)"),
    connect: func("int connect(int, const void *, uint32_t)"),
    accept: func("int accept4(int, void *, void *, int)"),
    getSocketName: func("int getsockname(int, void *, void *)"),
    getOption: func("int getsockopt(int, int, int, void *, void *)"),
    send: func("int64_t send(int, const void *, size_t, int)"),
    receive: func("int64_t recv(int, void *, size_t, int)"),
    shutdown: func("int shutdown(int, int)"),
    close: func("int close(int)"),
    pair: func("int socketpair(int, int, int, void *)"),
    nodeLoop: func("uintptr_t uv_default_loop()"),
    nodeDescriptor: func("int uv_backend_fd(uintptr_t)"),
    nodeTimeout: func("int uv_backend_timeout(uintptr_t)"),
    updateNodeClock: func("void uv_update_time(uintptr_t)"),
  };
}
