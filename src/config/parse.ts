// Parser of the configuration: YAML text → `Config`, or every problem with its path. Pure: reading the file and asking the
// machine is the caller's.
import { parseDocument } from "yaml";
import type { GatewayRoute } from "../gateway/options.ts";
import type { Config, GatewayConfig, ParsedConfig, Problem } from "./config.ts";
import { conflictsOf } from "./conflicts.ts";
import { messageOf, problemsOf, topLevel } from "./problems.ts";
import { fileSchema } from "./schema.ts";
import type { FileSettings } from "./schema.ts";
import { defaultName } from "./settings.ts";

type GatewaySettings = FileSettings["gateways"][number];

/** Never throws, whatever the text. */
export function parseConfig(text: string): ParsedConfig {
  const read = readYaml(text);
  return "problems" in read ? { ok: false, problems: read.problems } : configFrom(read.document);
}

/** The same from a document as YAML or JSON would give it. */
export function configFrom(document: unknown): ParsedConfig {
  const parsed = fileSchema.safeParse(document, { error: messageOf, reportInput: true });
  const problems = [...(parsed.success ? [] : problemsOf(parsed.error.issues)), ...conflictsOf(document)];
  return parsed.success && problems.length === 0 ? { ok: true, config: compose(parsed.data) } : { ok: false, problems };
}

/** Where the parser speaks to a programmer. */
const yamlFaults: Readonly<Record<string, string>> = { MULTIPLE_DOCS: "a second document; a configuration is one" };

function readYaml(text: string): { document: unknown } | { problems: Problem[] } {
  try {
    const yaml = parseDocument(text, { prettyErrors: true });
    const faults = [...yaml.errors, ...yaml.warnings];
    if (faults.length === 0) return { document: yaml.toJS() };
    return {
      problems: faults.map(({ code, linePos, message }) => {
        const [start] = linePos ?? [];
        // The first line of a pretty message ends with the position, the rest quotes the text.
        const [sentence = message] = message.replace(/ at line \d+, column \d+:?/, "").split("\n");
        return {
          path: start ? `line ${start.line}, column ${start.col}` : topLevel,
          message: yamlFaults[code] ?? sentence,
        };
      }),
    };
  } catch (error) {
    // Too many aliases, an alias without an anchor, nesting beyond the stack: the parser throws instead of reporting.
    const [sentence = ""] = String(error instanceof Error ? error.message : error).split("\n");
    return { problems: [{ path: topLevel, message: `no usable YAML: ${sentence}` }] };
  }
}

function compose({ log, admin, kernel, gateways }: FileSettings): Config {
  return { log, ...(admin && { admin }), kernel, gateways: gateways.map(composeGateway) };
}

function composeGateway(gateway: GatewaySettings, index: number): GatewayConfig {
  const { limits, timeouts } = gateway;
  return {
    name: gateway.name ?? defaultName(index),
    listen: gateway.listen,
    route: composeRoute(gateway.route),
    clientSide: gateway.clientSide,
    serverSide: gateway.serverSide,
    dataPlane: gateway.dataPlane,
    policy: composePolicy(gateway.policy),
    limits: { ...limits, loginFailures: composeLoginFailures(limits.loginFailures) },
    timeouts: {
      connectMs: timeouts.connect,
      loginMs: timeouts.login,
      idleMs: timeouts.idle,
      pinholeMs: timeouts.pinhole,
      dataStallMs: timeouts.dataStall,
      lingerMs: timeouts.linger,
      drainMs: timeouts.drain,
      keepaliveMs: timeouts.keepalive,
    },
  };
}

function composeRoute({ server, login, transparent }: GatewaySettings["route"]): GatewayRoute {
  if (server) return { kind: "fixed", server };
  if (login) return { kind: "login", allow: login.allow };
  if (transparent) return { kind: "transparent", ...transparent };
  throw new Error("the schema lets exactly one route pass");
}

function composeLoginFailures({ within, most, ban, banMost }: GatewaySettings["limits"]["loginFailures"]) {
  return { withinMs: within, most, banMs: ban, banMostMs: banMost };
}

function composePolicy({ foreignAddress, commands, ...rest }: GatewaySettings["policy"]): GatewayConfig["policy"] {
  return {
    ...rest,
    foreignAddress:
      typeof foreignAddress === "string" ? { kind: foreignAddress } : { kind: "allow", networks: foreignAddress.allow },
    commands: commands.allow ? { allow: commands.allow } : { deny: commands.deny ?? [] },
  };
}
