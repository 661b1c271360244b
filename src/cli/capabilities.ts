// Capabilities: what this process may do beyond an ordinary one, as /proc/self/status has it (linux/capability.h).

const bits = { CAP_NET_BIND_SERVICE: 10, CAP_NET_ADMIN: 12, CAP_NET_RAW: 13 } as const;

export type Capability = keyof typeof bits;

/** From the text of /proc/self/status: the effective ones. None where it says nothing. */
export function parseCapabilities(status: string): ReadonlySet<Capability> {
  const [, digits = "0"] = /^CapEff:\s*([0-9a-fA-F]+)$/m.exec(status) ?? [];
  const effective = BigInt(`0x${digits}`);
  const names = Object.keys(bits) as Capability[];
  return new Set(names.filter((name) => ((effective >> BigInt(bits[name])) & 1n) === 1n));
}
