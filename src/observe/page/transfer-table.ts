// Transfer table: what each transfer carries, how fast, and how far it is.
import type { TransferAnswer } from "../api/schemas.ts";
import { html, type Html } from "./html.ts";
import { table, type Column } from "./table.ts";
import { bytesText, durationText, rateText } from "./words.ts";

/** `session`: of which it is one; undefined where that is known. */
export type ShownTransfer = { readonly session: string; readonly transfer: TransferAnswer };

export function transferTable(
  label: string,
  transfers: readonly ShownTransfer[],
  { withSession, hasLadder = false }: { readonly withSession: boolean; readonly hasLadder?: boolean },
): Html {
  const ladder: Column<ShownTransfer> = {
    head: "Ladder",
    cell: ({ session: id, transfer }) =>
      html`<a
        href="/sessions/${id}?transfer=${transfer.id}#ladder"
        aria-label="show the ladder of transfer ${transfer.id}"
        >show</a
      >`,
  };
  const session: Column<ShownTransfer> = {
    head: "Session",
    cell: ({ session: id }) => html`<a href="/sessions/${id}"><code>${id}</code></a>`,
  };
  return table<ShownTransfer>(
    label,
    [
      { head: "Transfer", kind: "main wide", cell: ({ transfer }) => name(transfer) },
      ...(withSession ? [session] : []),
      { head: "Progress", kind: "wide", cell: ({ transfer }) => progress(transfer) },
      { head: "Rate", kind: "number", cell: ({ transfer }) => rateText(transfer.bytesPerSecond) },
      { head: "Bytes", kind: "number", cell: ({ transfer }) => bytesText(transfer.bytesUp + transfer.bytesDown) },
      { head: "Time", kind: "number", cell: ({ transfer }) => durationText(transfer.durationMs) },
      { head: "Modes", cell: ({ transfer }) => modes(transfer) },
      { head: "Plane", cell: ({ transfer }) => transfer.plane ?? "" },
      ...(hasLadder ? [ladder] : []),
    ],
    transfers,
    ({ session: id, transfer }) => `transfer-${id}-${transfer.id}`,
  );
}

const arrows = { upload: "\u2191", download: "\u2193", unknown: "" } as const;

function name({ verb, path, direction }: TransferAnswer): Html {
  const kind = direction === "unknown" ? "" : direction === "upload" ? "up" : "down";
  return html`<span class="${kind}" role="img" aria-label="${direction}">${arrows[direction]}</span>
    <code>${verb === "" ? "no command yet" : verb}</code> <span class="path">${path}</span>`;
}

function progress({ state, progress: share, sizeBytes, outcome, detail }: TransferAnswer): Html {
  if (state === "waiting") return html`<span class="state">waits for its data connection</span>`;
  if (state === "ended") {
    const isGood = outcome === "complete";
    return html`<span class="state ${isGood ? "good" : "bad"}">${(outcome ?? "ended").replaceAll("-", " ")}</span>${
        detail !== undefined && html` <small>${detail}</small>`
      }`;
  }
  if (share === undefined) return html`<span class="state busy">carries data</span>`;
  const percent = Math.floor(share * 100);
  return html`<progress max="100" value="${percent}" aria-label="Progress"></progress>
    <small>${percent} % of ${bytesText(sizeBytes ?? 0)}</small>`;
}

function modes({ clientMode, serverMode }: TransferAnswer): string {
  if (clientMode === undefined || serverMode === undefined) return "";
  return clientMode === serverMode ? clientMode : `${clientMode} \u2192 ${serverMode}`;
}
