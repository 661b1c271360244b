// Gateway table: what each gateway is and how full it is.
import type { GatewayStatusAnswer } from "../api/schemas.ts";
import { bar } from "./bar.ts";
import { breakable } from "./breakable.ts";
import { html, type Html } from "./html.ts";
import { table } from "./table.ts";
import { numberText } from "./words.ts";

export function gatewayTable(gateways: readonly GatewayStatusAnswer[]): Html {
  return table<GatewayStatusAnswer>(
    "Gateways",
    [
      { head: "Gateway", kind: "main wide", cell: ({ name }) => name },
      {
        head: "Listens on",
        kind: "text",
        cell: ({ listeners }) => listeners.map((one) => html`<span class="line">${breakable(one)}</span> `),
      },
      { head: "Leads to", kind: "text", cell: ({ route }) => routeText(route) },
      { head: "Data plane", kind: "text", cell: planes },
      {
        head: "Sessions",
        cell: ({ sessions, sessionsLimit }) =>
          html`${numberText(sessions)}
            <small>of ${numberText(sessionsLimit)}</small
            >${bar(["used", sessionsLimit === 0 ? 0 : sessions / sessionsLimit])}`,
      },
      { head: "Transfers", kind: "number", cell: ({ transfers }) => numberText(transfers) },
      { head: "Pinholes", kind: "number", cell: ({ pinholes }) => numberText(pinholes.client + pinholes.server) },
      { head: "Bans", kind: "number", cell: ({ bans }) => numberText(bans) },
      { head: "Data ports", kind: "wide", cell: ports },
    ],
    gateways,
    ({ name }) => `gateway-${name}`,
  );
}

function routeText({ kind, server, servers = [] }: GatewayStatusAnswer["route"]): Html | readonly Html[] | string {
  if (kind === "pool") return servers.map(poolServer);
  if (kind === "login") return "the server named at login";
  return kind === "transparent" ? "where the client was going" : breakable(server ?? "");
}

function poolServer({ name, up, sessions }: PoolServerAnswer): Html {
  const state = up ? "" : html` <span class="state bad">down</span>`;
  const inside =
    up || sessions > 0 ? html` <small>${numberText(sessions)} ${sessions === 1 ? "session" : "sessions"}</small>` : "";
  return html`<span class="line">${breakable(name)}${state}${inside}</span> `;
}

type PoolServerAnswer = NonNullable<GatewayStatusAnswer["route"]["servers"]>[number];

function planes({ dataPlane, missingPlanes }: GatewayStatusAnswer) {
  return html`${dataPlane ?? "none"}
  ${missingPlanes.map(({ plane, why }) => html`<small class="aside">${plane} can't be used: ${why}</small> `)}`;
}

function ports({ dataPorts }: GatewayStatusAnswer) {
  const sides = (["client", "server"] as const).flatMap((side) => {
    const counts = dataPorts[side];
    if (counts === undefined) return [];
    const all = counts.free + counts.open + counts.resting;
    const hasResting = counts.resting > 0;
    const resting = hasResting && html` <small class="whole">${numberText(counts.resting)} resting</small>`;
    const open = html`<small>of ${numberText(all)} open${hasResting && ","}</small>`;
    return html`<span class="line"
        ><span class="whole">${side} side: ${numberText(counts.open)} ${open}</span>${resting}</span
      >${bar(["used", all === 0 ? 0 : counts.open / all], ["resting", all === 0 ? 0 : counts.resting / all])}`;
  });
  return sides.length === 0 ? html`<small>any that is free</small>` : sides;
}
