// A reader of XML that takes what a drawing may hold and nothing else: elements, attributes in double quotes, text, character references.

export type XmlElement = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (XmlElement | string)[];
};

/** Throws where the text is not well-formed, or holds anything else: comments, CDATA, instructions, entities with names. */
export function readXml(xml: string): XmlElement {
  const root: XmlElement = { name: "", attributes: {}, children: [] };
  const open: XmlElement[] = [root];
  let at = 0;
  const token = /<\/([a-z]+)>|<([a-zA-Z]+)((?: [a-zA-Z-]+="[^"<>]*")*)(\/?)>|([^<>]+)/y;
  while (at < xml.length) {
    token.lastIndex = at;
    const match = token.exec(xml);
    if (match === null) throw new Error(`not well-formed: ${xml.slice(at, at + 80)}`);
    at = token.lastIndex;
    const [, closing, opening, attributes = "", isEmpty, text] = match;
    const parent = open.at(-1) ?? root;
    if (closing !== undefined) {
      if (open.pop()?.name !== closing) throw new Error(`</${closing}> closes another element`);
    } else if (opening !== undefined) {
      const pairs = [...attributes.matchAll(/ ([a-zA-Z-]+)="([^"]*)"/g)];
      const element: XmlElement = {
        name: opening,
        attributes: Object.fromEntries(pairs.map(([, name = "", value = ""]) => [name, decoded(value)])),
        children: [],
      };
      if (Object.keys(element.attributes).length < pairs.length) throw new Error(`<${opening}> has an attribute twice`);
      parent.children.push(element);
      if (isEmpty === "") open.push(element);
    } else parent.children.push(decoded(text ?? ""));
  }
  const [only] = root.children.filter((child) => typeof child !== "string");
  if (open.length !== 1 || only === undefined) throw new Error("an element is not closed");
  return only;
}

function decoded(text: string): string {
  const plain = text.replace(/&#(\d+);/g, "");
  // XML 1.0, 2.2: the characters that a document may hold.
  if (/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(plain))
    throw new Error("not a character of XML");
  if (plain.includes("&")) throw new Error(`not escaped: ${text}`);
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

/** All elements of a name, in order. */
export function elementsOf(element: XmlElement, name: string): XmlElement[] {
  const within = element.children.flatMap((child) => (typeof child === "string" ? [] : elementsOf(child, name)));
  return element.name === name ? [element, ...within] : within;
}

export function textOf({ children }: XmlElement): string {
  return children.map((child) => (typeof child === "string" ? child : textOf(child))).join("");
}
