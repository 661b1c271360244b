// Options of the commands that talk to the admin listener of a running gateway.
import type { Options } from "./command.ts";

export const defaultAdmin = "http://127.0.0.1:9121";

export const adminOptions = {
  admin: { value: "URL", what: `the admin listener of the running gateway; ${defaultAdmin} if left out` },
  tokenFile: { value: "FILE", isFile: true, what: "holds the token, where the admin listener asks for one" },
} as const satisfies Options;

export const jsonOption = { json: { what: "print JSON" } } as const satisfies Options;

export type AdminFlags = { readonly admin: string | undefined; readonly tokenFile: string | undefined };

/** The base of requests: `http://host:port`, from a URL or from an endpoint alone. Undefined if it is neither. */
export function adminUrl(given: string = defaultAdmin): string | undefined {
  const text = /^\w+:\/\//.test(given) ? given : `http://${given.startsWith(":") ? `127.0.0.1${given}` : given}`;
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, hostname, href } = new URL(text);
  if (!/^https?:$/.test(protocol) || username !== "" || hostname === "") return undefined;
  return href.replace(/[?#].*$/, "").replace(/\/+$/, "");
}

/** Why a command can't ask there. */
export function adminFault({ admin }: Pick<AdminFlags, "admin">): string | undefined {
  return adminUrl(admin) === undefined ? `--admin: expected a URL such as ${defaultAdmin}, got ${admin}` : undefined;
}
