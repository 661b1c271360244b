// TLS of a probe that goes to a server itself, as a health check does: as sessions speak to that server.
import type { ProbeTls } from "../../probe/security.ts";
import type { ClientTls } from "../../tls/client-context.ts";
import type { ServerSideTls } from "../options.ts";

/** `peer`: the server that is meant, as for sessions. Undefined: all is in clear. */
export function serverProbeTls(
  { mode, implicit, data, truncation }: Pick<ServerSideTls, "mode" | "implicit" | "data" | "truncation">,
  peer: ClientTls,
): ProbeTls | undefined {
  if (mode === "off") return undefined;
  return {
    kind: implicit ? "implicit" : "explicit",
    ...(mode !== "required" && { mayBeClear: true }),
    ...(data === "clear" && { isDataClear: true }),
    peer,
    truncation,
  };
}
