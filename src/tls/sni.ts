// SNI (RFC 6066, section 3): which of several certificates a client gets that says whom it wants to reach.

/** The first with exactly that name, else the first whose wildcard covers it, else the first of all. */
export function chooseByName<T extends { readonly names: readonly string[] }>(
  choices: readonly T[],
  serverName: string,
): T | undefined {
  const name = serverName.toLowerCase().replace(/\.$/, "");
  // A wildcard stands for one label (RFC 6125, section 6.4.3).
  const wildcard = name.replace(/^[^.]+/, "*");
  const having = (wanted: string): T | undefined => choices.find(({ names }) => names.includes(wanted));
  return having(name) ?? having(wildcard) ?? choices[0];
}
