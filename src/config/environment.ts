// Environment in the configuration: `${NAME}` and `${NAME:-default}` in a value, as shells and Compose have them; `$${` is the
// text `${`.
import type { Setting } from "./settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const inside = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/;

/** Whether a text is one reference and nothing else. */
export function isReference(text: string): boolean {
  return /^\$\{[^}]*\}$/.test(text);
}

/** The text with each reference replaced; a default is taken where the variable is unset or empty, as in a shell. */
export function substitute(text: string, environment: Environment): Setting<string> {
  let problem: string | undefined;
  const value = text.replace(reference, (whole, given: string | undefined, end: string) => {
    if (given === undefined) return "${";
    const [, name = "", fallback] = (end === "}" && inside.exec(given)) || [];
    if (name === "") {
      problem ??= `expected \${NAME} or \${NAME:-default}, got ${whole}; write $\${ for the text \${ itself`;
      return "";
    }
    const held = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (held === undefined && fallback === undefined) {
      problem ??= `the environment has no ${name}; set it, or give a default: \${${name}:-…}`;
    }
    return fallback === undefined ? (held ?? "") : held || fallback;
  });
  return problem === undefined ? { value } : { problem };
}
