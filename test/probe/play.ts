// Playbooks of the probe: at the margin what happens, below it, indented, what the probe asks for. A playbook is compared with what it
// becomes when its events are played.
import { formatEndpoint, parseEndpoint, type Endpoint } from "../../src/net/endpoint.ts";
import { startProbe, type ProbeOptions } from "../../src/probe/probe.ts";
import type { TlsCause } from "../../src/net/tls.ts";
import type { ProbeAsk, ProbeConnection, ProbeEvent, ProbeReport } from "../../src/probe/report.ts";

const local = { address: "192.0.2.1", port: 40_000 };
const remote = { address: "203.0.113.7", port: 21 };

export type Played = { readonly text: string; readonly report: ProbeReport | undefined };

/** Each event comes 10 ms after the one before. */
export function play(options: Partial<ProbeOptions>, text: string): Played {
  let at = 0;
  const { probe, asks } = startProbe(
    { form: "PASV", user: "anna", password: "secret", silenceMs: 5000, ...options },
    at,
  );
  const rows = asks.map(formatAsk);
  for (const line of text.split("\n").filter((row) => /^\S/.test(row))) {
    at += 10;
    rows.push(line, ...probe.step(readEvent(line), at).map(formatAsk));
  }
  return { text: rows.join("\n"), report: probe.report() };
}

/** A playbook as it is written in a test: without the indentation of the source. */
export function playbook(text: string): string {
  const rows = text.split("\n").filter((row) => row.trim() !== "");
  const least = Math.min(...rows.map((row) => row.length - row.trimStart().length));
  return rows.map((row) => row.slice(least)).join("\n");
}

function formatAsk(ask: ProbeAsk): string {
  switch (ask.kind) {
    case "send":
      return `  >S ${ask.line}`;
    case "dial":
      return `  dial ${formatEndpoint(ask.endpoint)}${ask.isProtected ? " protected" : ""}`;
    case "listen":
      return `  listen${ask.isProtected ? " protected" : ""}`;
    case "secure":
      return `  secure ${ask.connection}`;
    case "upload":
      return `  upload ${ask.content}`;
    case "connect":
    case "close":
    case "drop-data":
      return `  ${ask.kind}`;
  }
}

function readEvent(line: string): ProbeEvent {
  const [, kind = "", rest = ""] = /^(\S+) ?([^]*)$/.exec(line) ?? [];
  switch (kind) {
    case "S>":
      return { kind: "line", text: rest };
    case "connected":
      return { kind, local, remote };
    case "closed":
      return { kind, ...(rest !== "" && { why: rest }) };
    case "listening":
      return { kind, endpoint: parseEndpoint(rest) as Endpoint };
    case "data-connected":
    case "timed-out":
      return { kind };
    case "secured":
      return { kind, connection: rest as ProbeConnection, secured: { version: "TLSv1.3", resumed: rest === "data" } };
    case "tls-failed": {
      const [, connection, cause, why = ""] = /^(\S+) (\S+): (.*)$/.exec(rest) ?? [];
      return { kind, connection: connection as ProbeConnection, cause: cause as TlsCause, why };
    }
    case "data-closed": {
      const [, received = "", why] = /^(.*?)(?: ?because (.*))?$/.exec(rest) ?? [];
      return { kind, received, bytes: received.length, ...(why !== undefined && { why }) };
    }
    default:
      throw new Error(`no event: ${line}`);
  }
}
