// Ephemeral ports: what Linux says of them, for the check in config/ephemeral.ts.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PortRange } from "../gateway/options.ts";
import type { MachinePorts } from "../config/ephemeral.ts";

/** Undefined where the system has no such files or they say something else: then there is nothing to check. */
export async function readMachinePorts(folder = "/proc/sys/net/ipv4"): Promise<MachinePorts | undefined> {
  let range;
  let reserved;
  try {
    range = await readFile(join(folder, "ip_local_port_range"), "utf8");
    reserved = await readFile(join(folder, "ip_local_reserved_ports"), "utf8");
  } catch {
    return undefined;
  }
  const [, first, last] = /^(\d+)\s+(\d+)\s*$/.exec(range) ?? [];
  if (first === undefined || last === undefined) return undefined;
  return { ephemeral: { first: Number(first), last: Number(last) }, reserved: parseReserved(reserved) };
}

/** `8080,9148-9150`; an empty line reserves nothing. */
function parseReserved(text: string): PortRange[] {
  return text.split(",").flatMap((entry) => {
    const [, first, last] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(entry) ?? [];
    return first === undefined ? [] : [{ first: Number(first), last: Number(last ?? first) }];
  });
}
