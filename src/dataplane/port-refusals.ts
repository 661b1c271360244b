// Port refusals: the words in which a plane says that a listening leg can't have a port.
import type { ListenLeg } from "./pinhole.ts";

/** The pool gives none. */
export function noPort({ port }: ListenLeg): string {
  return port === undefined ? "no data port is free" : `data port ${port} is in use`;
}

/** Another program has what the pool gave, `attempts` times in a row. */
export function portsTaken({ port }: ListenLeg, attempts: number): string {
  if (port !== undefined) return `data port ${port} is taken by another program`;
  return `${attempts} data ports in a row are taken by other programs`;
}
