// Configuration from arguments, the simple case without a file: one gateway to one server, as `run --listen … --server …`
// describes it.
import type { ParsedConfig } from "./config.ts";
import { configFrom } from "./parse.ts";

/** As typed on the command line, unchecked. */
export type SimpleOptions = {
  readonly listen: readonly string[];
  readonly server: string;
  readonly advertise?: string;
  readonly dataPorts?: string;
  readonly admin?: string;
  readonly logFormat?: string;
};

const flagOf: readonly (readonly [path: string, flag: string])[] = [
  ["gateways[0].listen", "--listen"],
  ["gateways[0].route.server", "--server"],
  ["gateways[0].clientSide.advertise", "--advertise"],
  ["gateways[0].clientSide.dataPorts", "--data-ports"],
  ["admin.listen", "--admin"],
  ["log.format", "--log-format"],
];

/** Problems carry the flag as their path: `--data-ports: …`. */
export function configFromArguments(options: SimpleOptions): ParsedConfig {
  const { listen, server, advertise, dataPorts, admin, logFormat } = options;
  const parsed = configFrom({
    ...(logFormat !== undefined && { log: { format: logFormat } }),
    ...(admin !== undefined && { admin: { listen: admin } }),
    gateways: [
      {
        name: "main",
        listen: [...listen],
        route: { server },
        clientSide: {
          ...(advertise !== undefined && { advertise }),
          ...(dataPorts !== undefined && { dataPorts }),
        },
      },
    ],
  });
  if (parsed.ok) return parsed;
  return {
    ok: false,
    problems: parsed.problems.map(({ path, message }) => ({ path: asFlag(path), message: withFlags(message) })),
  };
}

function asFlag(path: string): string {
  return flagOf.find(([prefix]) => path.startsWith(prefix))?.[1] ?? path;
}

/** A message that names another setting (`is taken by gateways[0].listen[0]`) names its flag instead. */
function withFlags(message: string): string {
  return message.replace(/\b(?:gateways\[0\]|admin|log)\.[\w.[\]]+/g, asFlag);
}
