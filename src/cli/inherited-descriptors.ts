// Inherited descriptors: the sockets that the process was started with, as sd_listen_fds(3) says it.

const firstDescriptor = 3;
/** More than a configuration has use for; a number beyond it is not systemd's. */
const mostDescriptors = 1024;

/** Descriptors from 3 on. The variables are for the process with that id alone: a child that inherits them has no sockets. */
export function inheritedDescriptors(env: Readonly<Record<string, string | undefined>>, pid: number): number[] {
  if (env["LISTEN_PID"] !== String(pid)) return [];
  const count = /^\d{1,4}$/.test(env["LISTEN_FDS"] ?? "") ? Number(env["LISTEN_FDS"]) : 0;
  return Array.from({ length: Math.min(count, mostDescriptors) }, (_, index) => firstDescriptor + index);
}
