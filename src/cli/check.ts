// `ftp-alg check`: is this file a configuration, and are its certificates and its passwords of health checks what it takes? It asks nothing else of the machine.
import { warningsOf } from "../process/warnings.ts";
import { examineCertificates } from "../process/certificates.ts";
import { examineHealthLogins } from "../process/health-logins.ts";
import type { Io } from "../process/io.ts";
import { formatProblem, formatProblems, loadConfig } from "./load-config.ts";

/** Prints every problem, one a line, or that there is none, and every warning. Returns the exit code. */
export async function check(file: string, io: Pick<Io, "out" | "input" | "env">): Promise<number> {
  const parsed = await loadConfig({ kind: "file", file }, io);
  if (!parsed.ok) {
    io.out(formatProblems(parsed.problems));
    return 2;
  }
  const certificates = await examineCertificates(parsed.config);
  const problems = [...certificates.problems, ...(await examineHealthLogins(parsed.config))];
  if (problems.length > 0) {
    io.out(formatProblems(problems));
    return 2;
  }
  const count = parsed.config.gateways.length;
  io.out(`${file === "-" ? "standard input" : file}: ok, ${count} ${count === 1 ? "gateway" : "gateways"}\n`);
  const { locate = (problem) => problem } = parsed;
  const warnings = [...warningsOf(parsed.config).map(locate), ...certificates.warnings];
  for (const warning of warnings) io.out(`warning: ${formatProblem(warning)}\n`);
  return 0;
}
