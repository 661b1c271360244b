// TLS mistakes: keys that are right by themselves, and have no meaning with what else is configured.
import type { Problem } from "./config.ts";
import type { FileSettings } from "./schema.ts";

type GatewaySettings = FileSettings["gateways"][number];

export function tlsMistakes({ gateways, tls }: FileSettings): readonly Problem[] {
  return gateways.flatMap((gateway, index) =>
    mistakesOf(gateway, tls.certificates.length).map(({ path, message }) => ({
      path: `gateways[${index}].${path}`,
      message,
    })),
  );
}

/** `shared`: certificates of the process. */
function mistakesOf({ policy, clientSide, serverSide }: GatewaySettings, shared: number): readonly Problem[] {
  if (policy.tls === "terminate") {
    if (clientSide.tls?.certificates !== undefined || shared > 0) return [];
    return [{ path: "policy.tls", message: "needs a certificate in tls.certificates or clientSide.tls.certificates" }];
  }
  const sides = [...(clientSide.tls ? ["clientSide"] : []), ...(serverSide.tls ? ["serverSide"] : [])];
  return sides.map((side) => ({ path: `${side}.tls`, message: "has no meaning without policy.tls: terminate" }));
}
