// State of `ftp-alg top`: what is shown and in which order, changed by keys.
import type { Key } from "./keys.ts";

export const sortings = ["rate", "bytes", "newest", "user"] as const;
export type Sorting = (typeof sortings)[number];

export type TopState = {
  readonly sorting: Sorting;
  readonly onlyFailures: boolean;
  /** What was asked of the gateway last stays. */
  readonly isPaused: boolean;
  /** The row that is marked, from 0 on; it may lie behind the last one. */
  readonly selected: number;
  /** A session's ladder in place of the lists, from this row on. */
  readonly trace: { readonly id: string; readonly scroll: number } | undefined;
  readonly isOver: boolean;
};

export const initialState: TopState = {
  sorting: "rate",
  onlyFailures: false,
  isPaused: false,
  selected: 0,
  trace: undefined,
  isOver: false,
};

/** The ids of what can be marked now, in the order in which they stand on the screen; and how many rows a page has. */
export type Shown = { readonly ids: readonly string[]; readonly page: number; readonly traceRows: number };

export function pressed(state: TopState, key: Key, shown: Shown): TopState {
  if (key === "interrupt") return { ...state, isOver: true };
  return state.trace === undefined ? inLists(state, key, shown) : inTrace(state, key, state.trace, shown);
}

function inLists(state: TopState, key: Key, { ids, page }: Shown): TopState {
  const last = Math.max(0, ids.length - 1);
  const at = Math.min(state.selected, last);
  const select = (selected: number): TopState => ({ ...state, selected: Math.max(0, Math.min(selected, last)) });
  switch (key) {
    case "q":
    case "escape":
      return { ...state, isOver: true };
    case "s":
      return { ...state, sorting: sortings[(sortings.indexOf(state.sorting) + 1) % sortings.length] ?? "rate" };
    case "f":
      return { ...state, onlyFailures: !state.onlyFailures, selected: 0 };
    case "p":
    case " ":
      return { ...state, isPaused: !state.isPaused };
    case "up":
    case "k":
      return select(at - 1);
    case "down":
    case "j":
      return select(at + 1);
    case "page-up":
      return select(at - page);
    case "page-down":
      return select(at + page);
    case "home":
      return select(0);
    case "end":
      return select(last);
    case "enter": {
      const id = ids[at];
      return id === undefined ? state : { ...state, trace: { id, scroll: 0 } };
    }
    default:
      return state;
  }
}

function inTrace(
  state: TopState,
  key: Key,
  trace: NonNullable<TopState["trace"]>,
  { page, traceRows }: Shown,
): TopState {
  const most = Math.max(0, traceRows - page);
  const scroll = (to: number): TopState => ({ ...state, trace: { ...trace, scroll: Math.max(0, Math.min(to, most)) } });
  const at = Math.min(trace.scroll, most);
  switch (key) {
    case "q":
    case "escape":
    case "enter":
      return { ...state, trace: undefined };
    case "up":
    case "k":
      return scroll(at - 1);
    case "down":
    case "j":
      return scroll(at + 1);
    case "page-up":
      return scroll(at - page);
    case "page-down":
    case " ":
      return scroll(at + page);
    case "home":
      return scroll(0);
    case "end":
      return scroll(most);
    default:
      return state;
  }
}
