import { expect, test } from "vitest";
import { drawMermaid } from "../../../src/observe/ladder/mermaid.ts";
import { everyRow, ladderOf } from "./any-ladder.ts";

test("every row is a statement: arrows for lines, dotted ones for connections, notes, and a red box for the failure", () => {
  expect(drawMermaid(ladderOf(everyRow))).toBe(`sequenceDiagram
  participant client as client 192.168.1.100:51020
  participant gateway as gateway public 192.0.2.1:21
  participant server as server 10.0.0.5:21
  gateway-->>server: connect to 10.0.0.5:21
  server->>gateway: 220 ready
  gateway->>client: 220 ready
  client->>gateway: PORT 1
  gateway->>server: EPSV
  server->>gateway: 229 ok
  Note over gateway: quirk foreign-address
  Note over gateway: pinhole 192.0.2.1:50010
  gateway->>client: 200 ok
  client--xgateway: a stranger
  Note over client,server: 4.2 s · nothing from the server
  server->>client: RETR a<br/>1.0 kB in 14 ms
  Note over gateway: refused: low-port
  rect rgb(255, 225, 225)
  Note over client,gateway: client-data-in: nobody-came<br/>Nobody came.<br/>Open the range.
  end
  Note over gateway: session ends: quit`);
});

test("hostile: a text can't end its statement, begin a comment or be a tag; an empty one stands for itself", () => {
  const rows = [
    { kind: "line", towards: "server", client: "RETR a;b#c<b>%%" },
    { kind: "line", towards: "client", server: "" },
  ] as const;
  expect(drawMermaid(ladderOf(rows)).split("\n").slice(4)).toEqual([
    "  client->>gateway: RETR a#59;b#35;c#60;b#62;#37;#37;",
    "  server->>gateway: #8201;",
  ]);
});

test("a long text is broken, so that it does not make the diagram as wide", () => {
  const sentence = "Open TCP in every firewall in between, and forward each port. ".repeat(4).trim();
  const rows = [{ kind: "failure", hop: "gateway", cause: "loop", sentence, advice: "x" }] as const;
  const note = drawMermaid(ladderOf(rows)).split("\n").at(-2) ?? "";
  const texts = note.replace("  Note over gateway: ", "").split("<br/>");
  expect(texts.slice(1, -1).join(" ")).toBe(sentence);
  expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(70);
});
