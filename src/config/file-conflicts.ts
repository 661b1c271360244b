// File conflicts: a file that is written to is no other file of the configuration. Looked for in the document, like other conflicts.
import type { Problem } from "./config.ts";

type NamedFile = { readonly path: string; readonly file: string };

/** What is appended to. */
const outputs: ReadonlySet<string> = new Set(["log.file", "log.transfers.file"]);

/** A key whose value is a file, wherever it stands. */
const fileKey = /^(?:file|passwordFile|cert|key|ca)$/;

/** Compares what the names say; links are not looked at. */
export function fileConflicts(document: unknown): Problem[] {
  const files = filesIn(document, "", deepest);
  return files
    .filter(({ path }) => outputs.has(path))
    .flatMap((output) => {
      const other = files.find(({ path, file }) => path !== output.path && file === output.file);
      // Of two outputs the later one is the problem.
      if (other === undefined || (outputs.has(other.path) && output.path === "log.file")) return [];
      return [{ path: output.path, message: `is ${other.path}: the two need files of their own` }];
    });
}

/** No file of a configuration is named below that; an alias of YAML may lead back to what contains it. */
const deepest = 8;

function filesIn(holder: unknown, path: string, depth: number): NamedFile[] {
  if (typeof holder !== "object" || holder === null || depth === 0) return [];
  return Object.entries(holder).flatMap(([key, value]: [string, unknown]) => {
    const here = Array.isArray(holder) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    if (typeof value === "string" && fileKey.test(key)) return [{ path: here, file: withoutDetours(value) }];
    return filesIn(value, here, depth - 1);
  });
}

/** `/var//log/./x/../ftp` → `/var/log/ftp`. */
function withoutDetours(file: string): string {
  const steps: string[] = [];
  for (const step of file.split("/")) {
    if (step === "" || step === ".") continue;
    if (step === ".." && steps.length > 0 && steps.at(-1) !== "..") steps.pop();
    else steps.push(step);
  }
  return (file.startsWith("/") ? "/" : "") + steps.join("/");
}
