// Readable text: what peers say is kept as bytes, one character each; this is what operators read of it.

/** Names are bytes; most of those that are not ASCII are UTF-8. A text of other characters than bytes is no peer's, and stays as it is. */
export function readable(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1) || /[^\0-\xff]/.test(latin1)) return latin1;
  const text = Buffer.from(latin1, "latin1").toString("utf8");
  return text.includes("\ufffd") ? latin1 : text;
}
