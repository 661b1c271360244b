// Redis URL: what operators may read of it.

/** Without user and password. */
export function shownUrl(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.href;
}

/** A server's message may quote what it was sent. */
export function withoutPassword(text: string, url: string): string {
  const { password } = new URL(url);
  return [password, decodeURIComponent(password)].reduce(
    (shown, secret) => (secret === "" ? shown : shown.replaceAll(secret, "***")),
    text,
  );
}
