// Health logins of a configuration: whether the passwords with which a pool's servers are checked can be read.
import type { Config, Problem } from "../config/config.ts";
import { readHealthLogin } from "../gateway/servers/health-login.ts";

/** Each under the path of its file. Never rejects. */
export async function examineHealthLogins({ gateways }: Config): Promise<readonly Problem[]> {
  const found = gateways.map(async ({ route }, index): Promise<readonly Problem[]> => {
    if (route.kind !== "pool" || route.checks === undefined) return [];
    const path = `gateways[${index}].route.health.login.passwordFile`;
    return readHealthLogin(route.checks).then(
      () => [],
      (error: Error) => [{ path, message: error.message }],
    );
  });
  return (await Promise.all(found)).flat();
}
