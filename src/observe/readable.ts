// Readable text: what peers say is kept as bytes, one character each; this is what operators read of it.

/** Names are bytes; most of those that are not ASCII are UTF-8. */
export function readable(latin1: string): string {
  const text = Buffer.from(latin1, "latin1").toString("utf8");
  return text.includes("\ufffd") ? latin1 : text;
}
