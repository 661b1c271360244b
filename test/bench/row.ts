// What was measured, one row each.

export type Values = Readonly<Record<string, number>>;

export type Outcome = { readonly values: Values } | { readonly failed: string };

export type Row = {
  /** From 1. */
  readonly round: number;
  readonly measure: string;
  readonly contender: string;
} & Outcome;
