// `npm test [-- filter…]`: the unit tests first, then the lab with its real programs; the table of clients and servers and the
// totals on one line at the end.
// With CI=true a skipped test is a failure, because the machine of CI is promised to be complete.
import path from "node:path";
import type { ViteUserConfig } from "vitest/config";
import { startVitest, type TestCase, type TestModule, type Vitest } from "vitest/node";
import { keptResults } from "./lab/matrix-results.ts";
import { formatMatrix } from "./lab/matrix-table.ts";

const root = path.resolve(import.meta.dirname, "..");
const isCi = process.env["CI"] === "true";

/** Groups run one after the other: a lab must not take the processor from a test that watches the clock. */
const project = (name: string, groupOrder: number, files: object) => ({
  extends: true as const,
  test: { name, root, pool: "forks" as const, sequence: { groupOrder }, maxWorkers: 2, ...files },
});

const projects = [
  project("unit", 0, { include: ["test/**/*.test.ts"], exclude: ["test/lab/**", "test/browser/**"] }),
  // The same once more, on the event loop of our own.
  project("loop", 0, {
    include: ["test/gateway/**/*.test.ts", "test/sockets/transport.test.ts"],
    env: { FTP_ALG_DRIVER: "loop" },
  }),
  project("lab", 1, {
    include: ["test/lab/**/*.test.ts"],
    exclude: ["test/lab/leftovers.test.ts", "test/lab/matrix.test.ts"],
    globalSetup: ["test/lab/setup.ts"],
  }),
  // One file with lanes of its own.
  project("matrix", 2, { include: ["test/lab/matrix.test.ts"], globalSetup: ["test/lab/setup.ts"] }),
  project("browser", 4, { include: ["test/browser/**/*.test.ts"] }),
  project("leftovers", 3, { include: ["test/lab/leftovers.test.ts"] }),
];

const viteConfig: ViteUserConfig = { test: { projects } };

const titleOf = (test: TestCase): string => `${test.module.relativeModuleId} > ${test.fullName}`;

/** Failures that belong to no test: a file that can't be loaded, a hook that throws. */
function suiteFailures(modules: readonly TestModule[]): string[] {
  return modules.flatMap((module) => [
    ...module.errors().map(({ message }) => `${module.relativeModuleId}: ${message}`),
    ...[...module.children.allSuites()].flatMap((suite) =>
      suite.errors().map(({ message }) => `${module.relativeModuleId} > ${suite.fullName}: ${message}`),
    ),
  ]);
}

function byReason(skipped: readonly TestCase[]): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  for (const test of skipped) {
    const result = test.result();
    const reason = (result.state === "skipped" && result.note) || "something before it failed";
    reasons.set(reason, [...(reasons.get(reason) ?? []), titleOf(test)]);
  }
  return reasons;
}

function report(vitest: Vitest): number {
  const modules = vitest.state.getTestModules();
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
  const skipped = [...inState("skipped"), ...inState("pending")];
  const unhandled = vitest.state.getUnhandledErrors().length;
  const failures = suiteFailures(modules);
  const failed = inState("failed").length + failures.length + unhandled;
  if (failures.length > 0) console.log(`\nFailed outside of tests:\n${failures.map((one) => `  ${one}`).join("\n")}`);
  for (const [reason, titles] of byReason(skipped)) {
    console.log(`\nSkipped, because ${reason}:\n${titles.map((title) => `  ${title}`).join("\n")}`);
  }
  const passed = inState("passed").length;
  const counts = [`${passed} passed`, `${failed} failed`, ...(skipped.length > 0 ? [`${skipped.length} skipped`] : [])];
  console.log(`\n${counts.join(", ")}`);
  return failed > 0 || tests.length === 0 || (isCi && skipped.length > 0) ? 1 : 0;
}

const began = Date.now();
const vitest = await startVitest(
  "test",
  process.argv.slice(2),
  { config: false, root, watch: false, run: true, reporters: ["default"] },
  viteConfig,
);
const matrix = await keptResults(began);
if (matrix !== undefined) console.log(`\n${formatMatrix(matrix)}`);
const code = report(vitest);
await vitest.close();
process.exit(code);
