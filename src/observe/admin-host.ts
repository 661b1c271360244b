// Admin host: whether a request's Host header names the admin listener. A page of a stranger's whose name leads to it (DNS
// rebinding) makes a browser send the stranger's name; it can't make it send an address, or `localhost`.
import { parseAddress, parsePortNumber } from "../net/endpoint.ts";

/** `header`: `host` or `host:port`, IPv6 in brackets. `hosts`: names that are allowed besides, in lower case. */
export function isHostAllowed(header: string, hosts: readonly string[]): boolean {
  const [, bracketed, plain = "", digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(header.trim()) ?? [];
  if (digits !== undefined && parsePortNumber(digits) === undefined) return false;
  if (bracketed !== undefined) return bracketed.includes(":") && parseAddress(bracketed) !== undefined;
  const name = plain.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || hosts.includes(name) || parseAddress(plain) !== undefined;
}
