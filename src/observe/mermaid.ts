// Mermaid: the transcript of a session as a sequence diagram in the language of Mermaid, which many wikis and trackers draw.
import { readTranscript, type TranscriptLine } from "./transcript-line.ts";

const names = { C: "client", S: "server" } as const;

export function drawMermaid(transcript: readonly string[]): string {
  const lines = readTranscript(transcript).map((line) => `  ${statement(line)}`);
  return ["sequenceDiagram", "  participant client", "  participant gateway", "  participant server", ...lines].join(
    "\n",
  );
}

function statement(line: TranscriptLine): string {
  switch (line.kind) {
    case "heard":
      return `${names[line.peer]}->>gateway: ${escaped(line.text)}`;
    case "said":
      return `gateway->>${names[line.peer]}: ${escaped(line.text)}`;
    case "note":
      return `Note over gateway: ${escaped(line.text)}`;
  }
}

/** What means something to Mermaid, or to the page that it draws in. An empty text would be an error. */
function escaped(text: string): string {
  return text === "" ? "#8201;" : text.replace(/[#;<>&"%]/g, (character) => `#${character.charCodeAt(0)};`);
}
