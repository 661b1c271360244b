// Mermaid: the rows of a session as a sequence diagram in the language of Mermaid, which many wikis and trackers draw.
import type { Ladder, LadderRow, LineRow } from "./ladder-rows.ts";
import { wrapped } from "./visible-text.ts";

export function drawMermaid(ladder: Ladder): string {
  const { client, gateway, server } = ladder;
  const participants = Object.entries({ client, gateway, server: server ?? "" }).map(
    ([name, endpoint]) => `participant ${name} as ${escaped(endpoint === "" ? name : `${name} ${endpoint}`)}`,
  );
  const statements = [...participants, ...ladder.rows.flatMap(statementsOf)];
  return ["sequenceDiagram", ...statements.map((statement) => `  ${statement}`)].join("\n");
}

function statementsOf(row: LadderRow): readonly string[] {
  switch (row.kind) {
    case "line":
      return lineStatements(row);
    case "connection": {
      const [from, to] = row.towards === "gateway" ? [row.side, "gateway"] : ["gateway", row.side];
      return [`${from}--${row.isRefused ? "x" : ">>"}${to}: ${broken(row.text)}`];
    }
    case "data": {
      const [from, to] = row.towards === "server" ? ["client", "server"] : ["server", "client"];
      return [`${from}${row.isComplete ? "->>" : "-x"}${to}: ${broken(row.text)}<br/>${broken(row.figures)}`];
    }
    case "pinhole":
    case "note":
      return [`Note over gateway: ${broken(row.text)}`];
    case "wait":
      return [`Note over client,server: ${broken(row.text)}`];
    case "failure": {
      const over =
        row.hop === "gateway" ? "gateway" : row.hop.startsWith("client") ? "client,gateway" : "gateway,server";
      const texts = [`${row.hop}: ${row.cause}`, row.sentence, row.advice].map(broken);
      return ["rect rgb(255, 225, 225)", `Note over ${over}: ${texts.join("<br/>")}`, "end"];
    }
  }
}

function lineStatements({ towards, client, server }: LineRow): readonly string[] {
  const [heard, said] = towards === "server" ? [client, server] : [server, client];
  const from = towards === "server" ? "client" : "server";
  return [
    ...(heard === undefined ? [] : [`${from}->>gateway: ${broken(heard)}`]),
    ...(said === undefined ? [] : [`gateway->>${towards}: ${broken(said)}`]),
  ];
}

/** Else a long sentence makes the whole diagram as wide. */
const mostColumns = 70;

function broken(text: string): string {
  return wrapped(text, mostColumns).map(escaped).join("<br/>");
}

/** What means something to Mermaid, or to the page that it draws in. An empty text would be an error. */
function escaped(text: string): string {
  return text === "" ? "#8201;" : text.replace(/[#;<>&"%]/g, (character) => `#${character.charCodeAt(0)};`);
}
