// The C library without a compiler: functions by their prototype, called through koffi, which is an optional dependency.
// Each caller declares what it calls; nothing here knows a socket.
import { createRequire } from "node:module";

/** A 64-bit result is a number as far as one holds it. */
export type CFunction = (...args: readonly (number | bigint | string | Uint8Array | null)[]) => number;

export type Ffi = {
  /**
   * A function by its C prototype: `int setsockopt(int, int, int, const void *, uint32_t)`. There is no `ssize_t`: int64_t is
   * the same. A Uint8Array stands for a pointer, during the call only.
   */
  func(prototype: string): CFunction;
  /** Of the last call; to be taken before anything else is called. */
  errno(): number;
};

export type LoadedFfi = { readonly ok: true; readonly ffi: Ffi } | { readonly ok: false; readonly reason: string };

type Koffi = {
  load(path: null): { func(prototype: string): CFunction };
  errno(): number;
};

let loaded: LoadedFfi | undefined;

/** Loads it once per thread. Never throws: where it is not to be had, `reason` says why. */
export function loadFfi(): LoadedFfi {
  loaded ??= load();
  return loaded;
}

function load(): LoadedFfi {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    // The process itself: Node is linked to the C library, glibc or musl, so no file name has to be guessed.
    const library = koffi.load(null);
    library.func("int getpid()");
    return { ok: true, ffi: { func: (prototype) => library.func(prototype), errno: () => koffi.errno() } };
  } catch (error) {
    const [sentence = ""] = String(error instanceof Error ? error.message : error).split("\n");
    return { ok: false, reason: `koffi does not load: ${sentence}` };
  }
}
