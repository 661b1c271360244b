import { expect, test } from "vitest";
import { drawMermaid } from "../../src/observe/mermaid.ts";

test("what is heard and said are arrows, what the gateway sees and does are notes over it", () => {
  expect(drawMermaid(["C> PASV", "     >S EPSV", "S> 229 ok", "opened 192.0.2.1:50010", "     >C 227 ok"])).toBe(
    [
      "sequenceDiagram",
      ...["client", "gateway", "server"].map((name) => `  participant ${name}`),
      "  client->>gateway: PASV",
      "  gateway->>server: EPSV",
      "  server->>gateway: 229 ok",
      "  Note over gateway: opened 192.0.2.1:50010",
      "  gateway->>client: 227 ok",
    ].join("\n"),
  );
});

test("hostile: a text can't end its statement, begin a comment or be a tag; an empty one stands for itself", () => {
  const lines = drawMermaid(["C> RETR a;b#c<b>%%", "S> ", "C> a\u001bb"]).split("\n").slice(4);
  expect(lines).toEqual([
    "  client->>gateway: RETR a#59;b#35;c#60;b#62;#37;#37;",
    "  server->>gateway: #8201;",
    "  client->>gateway: a\u241bb",
  ]);
});
