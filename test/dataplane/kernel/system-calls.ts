import { loadFfi } from "../../../src/sockets/ffi.ts";
import { bindSystemCalls, type SystemCalls } from "../../../src/sockets/system-calls.ts";

export function systemCalls(): SystemCalls {
  const loaded = loadFfi();
  if (!loaded.ok) throw new Error(loaded.reason);
  return bindSystemCalls(loaded.ffi);
}
