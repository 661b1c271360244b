// Pinhole table: which ports are open, for whom, and where they lead.
import type { PinholeAnswer } from "../api/schemas.ts";
import { breakable } from "./breakable.ts";
import { html, type Html } from "./html.ts";
import { table, type Column } from "./table.ts";

/** `session`: whose it is. */
export type ShownPinhole = { readonly session: string; readonly pinhole: PinholeAnswer };

export function pinholeTable(
  pinholes: readonly ShownPinhole[],
  { withSession }: { readonly withSession: boolean },
): Html {
  const session: Column<ShownPinhole> = {
    head: "Session",
    cell: ({ session: id }) => html`<a href="/sessions/${id}"><code>${id}</code></a>`,
  };
  return table<ShownPinhole>(
    "Pinholes",
    [
      { head: "Client side", kind: "main wide", cell: ({ pinhole }) => side(pinhole.client) },
      { head: "Server side", kind: "wide", cell: ({ pinhole }) => side(pinhole.server) },
      ...(withSession ? [session] : []),
      { head: "Plane", cell: ({ pinhole }) => pinhole.plane },
    ],
    pinholes,
    ({ session: id, pinhole }) => `pinhole-${id}-${pinhole.id}`,
  );
}

function side({ kind, endpoint, peer }: PinholeAnswer["client"]): Html {
  if (kind === "dial") return html`<small>connects to</small> ${breakable(endpoint ?? "")}`;
  return html`<small>open on</small> ${endpoint === undefined ? "a port" : breakable(endpoint)}
    <small>for</small> ${peer ?? ""}`;
}
