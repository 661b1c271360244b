// Journal stream: whether standard output is systemd's journal, as systemd.exec(5) says it.

/** `variable`: JOURNAL_STREAM, the device and the inode of the journal's socket. `output`: what standard output is. */
export function isJournal(
  variable: string | undefined,
  output: { readonly dev: number; readonly ino: number },
): boolean {
  return variable === `${output.dev}:${output.ino}`;
}
