// The shape of the repository: which layer may import which, what a pure layer may name, where a file's test is.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const oxlint = join(root, "node_modules/.bin/oxlint");

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, folder).length + 1))
    .toSorted();
}

const sources = filesBelow("src").filter((file) => file.endsWith(".ts"));

/** What oxlint says of a tree: `file rule` lines. */
function lint(folder: string): string[] {
  const { stdout, stderr } = spawnSync(oxlint, ["--format=json", "."], { cwd: folder, encoding: "utf8" });
  if (!stdout.startsWith("{")) throw new Error(stdout + stderr);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string; code: string }[] };
  return [...new Set(diagnostics.map(({ filename, code }) => `${filename} ${code}`))];
}

/** Lints files written for the purpose under our own rules, in a tree laid out like ours. */
function lintTree(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), "ftp-alg-layout-"));
  try {
    cpSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    return lint(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const below = ["net", "ftp", "sockets", "tls", "dataplane", "session", "probe", "observe", "gateway", "config"];

const mayImport: Readonly<Record<string, readonly string[]>> = {
  net: [],
  ftp: ["net"],
  sockets: ["net"],
  tls: ["net", "sockets"],
  dataplane: ["net", "sockets", "tls"],
  session: ["net", "ftp"],
  probe: ["net", "ftp", "sockets", "tls"],
  observe: ["net", "ftp", "session"],
  gateway: ["net", "ftp", "sockets", "tls", "session", "probe", "observe"],
  config: ["net"],
  process: below,
  demo: [...below, "process"],
  cli: [...below, "process", "demo"],
  exports: ["net", "ftp", "session"],
};
const layers = Object.keys(mayImport);

const imports = "eslint(no-restricted-imports)";
const globals = "eslint(no-restricted-globals)";
const properties = "eslint(no-restricted-properties)";

test("a layer imports what stands below it and nothing else, from any depth and in any form", () => {
  const pairs = layers.flatMap((from) => layers.filter((to) => to !== from).map((to) => ({ from, to })));
  const files: Record<string, string> = {};
  const expected: string[] = [];
  for (const { from, to } of pairs) {
    const forms = {
      [`src/${from}/${to}-static.ts`]: `export { a } from "../${to}/a.ts";\n`,
      [`src/${from}/deep/${to}-type.ts`]: `import type { A } from "../../${to}/a.ts";\nexport type B = A;\n`,
      [`src/${from}/${to}-dynamic.ts`]: `export const a = import("../${to}/a.ts");\n`,
    };
    Object.assign(files, forms);
    if (!mayImport[from]!.includes(to)) expected.push(...Object.keys(forms).map((file) => `${file} ${imports}`));
  }
  expect(lintTree(files).toSorted()).toEqual(expected.toSorted());
});

test.each(["session", "observe", "gateway"])("%s knows the words of the data plane, not the planes", (layer) => {
  expect(
    lintTree({
      [`src/${layer}/words.ts`]:
        'import type { PlaneName } from "../dataplane/pinhole.ts";\nexport type P = PlaneName;\n',
      [`src/${layer}/plane.ts`]: 'import type { Relay } from "../dataplane/relay/relay.ts";\nexport type R = Relay;\n',
    }),
  ).toEqual([`src/${layer}/plane.ts ${imports}`]);
});

test("the gateway knows the port pool, too", () => {
  const text = 'import type { PortPool } from "../dataplane/port-pool.ts";\nexport type P = PortPool;\n';
  expect(lintTree({ "src/gateway/pool.ts": text, "src/observe/pool.ts": text })).toEqual([
    `src/observe/pool.ts ${imports}`,
  ]);
});

test("config knows the options that session and gateway declare, and nothing else of theirs", () => {
  const text = (from: string) => `import type { A } from "../${from}.ts";\nexport type B = A;\n`;
  expect(
    lintTree({
      "src/config/session-options.ts": text("session/options"),
      "src/config/gateway-options.ts": text("gateway/options"),
      "src/config/state.ts": text("session/state"),
      "src/config/driver.ts": text("gateway/driver/session-driver"),
    }).toSorted(),
  ).toEqual([`src/config/driver.ts ${imports}`, `src/config/state.ts ${imports}`]);
});

test.each(["session/options.ts", "gateway/options.ts"])("%s, which config shares, is types alone", (file) => {
  expect(codeOf(file)).toBe("");
});

test("the contract of the data planes holds types and lists of words: it has nothing to run", () => {
  const list = /export const \w+ = \[(\s*"[a-z-]+",?)+\s*\]\s*/g;
  expect(codeOf("dataplane/pinhole.ts").replaceAll(list, "")).toBe("");
});

test.each(["net", "ftp", "session", "config"])("%s is pure: no Node module, clock, timer, dice, console", (layer) => {
  const names = [
    "Date",
    "performance",
    "setTimeout",
    "setInterval",
    "setImmediate",
    "queueMicrotask",
    "fetch",
    "crypto",
  ];
  const files = Object.fromEntries(
    [...names, "process"].map((name) => [`src/${layer}/${name.toLowerCase()}.ts`, `export const a = ${name};\n`]),
  );
  files[`src/${layer}/node.ts`] = 'export { Socket } from "node:net";\n';
  files[`src/${layer}/dice.ts`] = "export const a = Math.random();\n";
  const expected = Object.keys(files).map((file) => {
    if (file.endsWith("node.ts")) return `${file} ${imports}`;
    return `${file} ${file.endsWith("dice.ts") ? properties : globals}`;
  });
  expect(lintTree(files).toSorted()).toEqual(expected.toSorted());
  expect(lintTree({ [`src/${layer}/say.ts`]: "console.log();\n" })).toContain(`src/${layer}/say.ts ${globals}`);
});

test.each(["ftp", "session"])("%s imports no package", (layer) => {
  expect(lintTree({ [`src/${layer}/a.ts`]: 'export { z } from "zod";\n' })).toEqual([`src/${layer}/a.ts ${imports}`]);
});

test("only main.ts names process, whatever the form", () => {
  const forms = { plain: "process.pid", global: "globalThis.process", module: 'import("node:process")' };
  const files: Record<string, string> = { "src/main.ts": "export const a = [process, globalThis.process];\n" };
  for (const layer of layers)
    for (const [form, text] of Object.entries(forms)) files[`src/${layer}/${form}.ts`] = `export const a = ${text};\n`;
  const rule: Readonly<Record<string, string>> = { plain: globals, global: properties, module: imports };
  const expected = layers.flatMap((layer) => Object.keys(forms).map((form) => `src/${layer}/${form}.ts ${rule[form]}`));
  expect(lintTree(files).toSorted()).toEqual(expected.toSorted());
});

test("main.ts reaches the layers through what stands highest, and nobody imports main.ts", () => {
  for (const layer of layers) {
    const allowed = ["cli", "demo", "process", "config"].includes(layer);
    expect(lintTree({ "src/main.ts": `export { a } from "./${layer}/a.ts";\n` })).toEqual(
      allowed ? [] : [`src/main.ts ${imports}`],
    );
  }
  expect(lintTree({ "src/cli/a.ts": 'export { a } from "../main.ts";\n' })).toEqual([`src/cli/a.ts ${imports}`]);
}, 60_000);

test("a default export, a cycle, a long file, a long function and a name in another case are reported", () => {
  expect(
    lintTree({
      "src/net/default.ts": "export default 1;\n",
      "src/net/a.ts": 'import { b } from "./b.ts";\nexport const a = () => b;\n',
      "src/net/b.ts": 'import { a } from "./a.ts";\nexport const b = () => a;\n',
      "src/net/long.ts": `export type A = 1;\n${"// a line\n".repeat(300)}`,
      "src/net/long-function.ts": `export function a() {\n${"  // a line\n".repeat(79)}}\n`,
      "src/net/camelCase.ts": "export const c = 1;\n",
    }).toSorted(),
  ).toEqual([
    "src/net/a.ts import(no-cycle)",
    "src/net/b.ts import(no-cycle)",
    "src/net/camelCase.ts unicorn(filename-case)",
    "src/net/default.ts import(no-default-export)",
    "src/net/long-function.ts eslint(max-lines-per-function)",
    "src/net/long.ts eslint(max-lines)",
  ]);
});

test("only sockets/ sees the handle of a socket or its descriptor, the names of which are reported or found elsewhere", () => {
  const text = "export const a = (socket: { _handle: object }): object => socket._handle;\n";
  expect(
    lintTree({ "src/sockets/a.ts": text, "src/dataplane/a.ts": text, "src/gateway/a.ts": text }).toSorted(),
  ).toEqual(["src/dataplane/a.ts eslint(no-underscore-dangle)", "src/gateway/a.ts eslint(no-underscore-dangle)"]);
  const named = /_handle\b|\bhandleOf\b|descriptorOf\b|socket-handle\.ts/i;
  const outside = sources.filter((file) => !file.startsWith("sockets/"));
  expect(outside.filter((file) => named.test(textOf(file)))).toEqual([]);
  expect(sources.filter((file) => named.test(textOf(file)))).not.toEqual([]);
});

test("the source keeps its own rules", () => {
  expect(lint(root)).toEqual([]);
});

/** Sources with code and without a test file of their own, or a whole folder of them, and where they are tested. */
const testedElsewhere: Readonly<Record<string, string>> = {
  "exports/": "package.test.ts: what other programs import",
  "gateway/entrance/handed-over-listener.ts": "process/handover/handover.test.ts",
  "process/handover/handed-sockets.ts": "process/handover/handover.test.ts",
  "process/handover/place.ts": "process/handover/handover.test.ts",
  "process/handover/start-successor.ts": "process/handover/handover.test.ts: SIGUSR2",
  "process/handover/successor.ts": "process/handover/handover.test.ts",
  "sockets/local-calls.ts": "sockets/local-conversation.test.ts",
  "sockets/local-peer.ts": "sockets/local-conversation.test.ts",
  "process/version.ts": "main.test.ts: --version",
  "dataplane/kernel/examination.ts": "lab/planes.test.ts: the doctor",
  "dataplane/kernel/kernel-plane.ts": "lab/kernel-plane.test.ts",
  "dataplane/kernel/nat-state.ts": "dataplane/kernel/nat-connection.test.ts",
  "demo/der.ts": "demo/self-signed.test.ts",
  "demo/demo-certificate.ts": "demo/demo.test.ts",
  "net/tls.ts": "session/transcript.test.ts: lists of words",
  "dataplane/pinhole.ts": "layout.test.ts: types and lists of words",
  "sockets/socket-ends.ts": "sockets/transport.test.ts",
  "sockets/node-acceptor.ts": "gateway/entrance/listener.test.ts",
  "sockets/sockets.ts": "sockets/transport.test.ts",
  "sockets/node-transport.ts": "sockets/transport.test.ts",
  "sockets/loop/loop-acceptor.ts": "gateway/entrance/listener.test.ts, on the loop",
  "sockets/loop/loop-calls.ts": "sockets/loop/poller.test.ts, loop.test.ts",
  "sockets/loop/loop-address.ts": "sockets/loop/stream.test.ts: who has connected",
  "sockets/loop/loop-dial.ts": "sockets/transport.test.ts and gateway/dialling.test.ts, on the loop",
  "sockets/loop/loop-sockets.ts": "process/driver.test.ts",
  "sockets/loop/loop-transport.ts": "sockets/transport.test.ts and all of gateway/, on the loop",
  "sockets/loop/accepting.ts": "sockets/loop/stream.test.ts",
  "sockets/loop/connecting.ts": "sockets/loop/stream.test.ts: dialling",
  "sockets/loop/stream-dial.ts": "sockets/loop/stream.test.ts: dialling",
  "sockets/loop/stream-listener.ts": "sockets/loop/stream.test.ts: a listener",
  "dataplane/relay/loop-carriage.ts": "dataplane/userspace/carriage.test.ts, on the loop",
  "dataplane/relay/lent-sockets.ts": "dataplane/splice/splice-thread.test.ts",
  "dataplane/userspace/ground.ts": "dataplane/userspace/data-pinhole.test.ts",
  "dataplane/userspace/node-ground.ts": "dataplane/userspace/data-pinhole.test.ts",
  "dataplane/userspace/loop-ground.ts": "dataplane/userspace/data-pinhole.test.ts, on the loop",
  "dataplane/userspace/expected-peer.ts": "dataplane/userspace/listening-leg.test.ts",
  "observe/standard-output.ts": "observe/log.test.ts",
  "sockets/system-calls.ts": "dataplane/kernel/port-reservation.test.ts",
  "dataplane/kernel/plane-preparation.ts":
    "lab/kernel-faults.test.ts: nothing forwarded, beside an administrator's chain",
  "dataplane/kernel/nftables/table.ts": "lab/kernel-faults.test.ts: killed, stopped, beside an administrator's chain",
  "process/gateway-process.ts": "cli/run.test.ts, process/reload.test.ts: the whole program",
  "process/gateways.ts": "process/reload.test.ts: gateways that are renamed, gone, new",
  "gateway/entrance/gateway-listeners.ts": "gateway/gateway.test.ts, process/reload.test.ts",
  "gateway/entrance/awaited-verdicts.ts": "gateway/entrance/shared-counts.test.ts",
  "process/shared/examine-redis.ts": "cli/doctor.test.ts: a Redis is asked",
  "process/shared/redis-counts.ts": "process/shared/redis-store.test.ts: for two processes together",
  "process/shared/redis-keys.ts": "process/shared/redis-store.test.ts: whatever happens, every key",
  "process/shared/redis-link.ts": "process/shared/redis-store.test.ts: not there, frozen, says no",
  "process/shared/redis-scripts.ts": "process/shared/redis-store.test.ts: for two processes together",
  "process/shared/shared-store.ts": "process/shared/two-gateways.test.ts: log, metric, /readyz?verbose",
  "process/shared/redis-telling.ts": "process/shared/redis-store.test.ts: killed and started anew",
  "gateway/entrance/turn-away.ts": "gateway/entrance/entrance.test.ts",
  "gateway/shared-resources.ts": "each of its parts; cli/run.test.ts: all together",
  "config/tls-schema.ts": "config/wrong-values.test.ts",
  "config/descriptions.ts": "config/json-schema.test.ts: every key says what it is for",
  "config/json-scalars.ts": "config/json-schema.test.ts",
  "config/limits-schema.ts": "config/problems.test.ts, as config/schema.ts",
  "config/scalars.ts": "config/problems.test.ts, as config/schema.ts",
  "config/schema.ts": "config/problems.test.ts: one bad file per mistake; config/parse.test.ts: every default",
  "cli/commands/":
    "cli/arguments.test.ts: flags, help, examples; what they do: a test of its own each, as cli/check.test.ts",
  "cli/commands.ts": "cli/arguments.test.ts",
  "cli/client-advice.ts": "cli/advise.test.ts",
  "cli/firewall-advice.ts": "cli/advise.test.ts",
  "cli/admin-options.ts": "cli/arguments.test.ts: the options of every command",
  "cli/config-file.ts": "cli/arguments.test.ts: a file with and without --config, twice, not at all",
  "cli/top/columns.ts": "cli/top/view.test.ts: order and width",
  "cli/print-probe.ts": "cli/probe.test.ts",
  "cli/probe-report.ts": "cli/probe.test.ts: as people and programs read it",
  "sockets/datagrams.ts": "sockets/notify-socket.test.ts; process/journal.test.ts",
  "observe/api/probe-query.ts": "observe/api/openapi.test.ts: a probe is described; process/probes.test.ts",
  "observe/api/routes.ts": "observe/api/openapi.test.ts: each route",
  "observe/api/schemas.ts": "observe/api/: every answer is checked against them",
  "observe/api/status-answer.ts": "observe/api/api.test.ts: /api/status",
  "observe/api/trace-formats.ts": "observe/api/api.test.ts: each of its formats",
  "observe/ladder/ladder-rows.ts": "observe/ladder/layout.test.ts",
  "observe/ladder/line-pairs.ts": "observe/ladder/layout.test.ts: what was rewritten",
  "observe/ladder/step-rows.ts": "observe/ladder/layout.test.ts: each event and effect",
  "observe/ladder/waits.ts": "observe/ladder/layout.test.ts: a wait",
  "observe/ladder/svg-rows.ts": "observe/ladder/svg-ladder.test.ts",
  "observe/ladder/svg-styles.ts": "observe/ladder/svg-ladder.test.ts",
  "observe/ladder/transfer-rows.ts": "observe/ladder/layout.test.ts: transfers",
  "observe/page/": "observe/page/page.test.ts: what it shows; browser/page.test.ts: how it looks and behaves",
  "observe/event-feed.ts": "observe/session-history.test.ts: the feed tells",
  "config/workers.ts": "config/problems.test.ts: workers.yml; config/parse.test.ts",
  "process/workers/": "process/workers/supervisor.test.ts: the whole program",
  "observe/local-sessions.ts": "observe/api/api.test.ts; observe/page/page.test.ts; process/probes.test.ts",
  "observe/kept-session.ts": "observe/session-history.test.ts: the limits",
  "process/probe-exposition.ts": "process/probes.test.ts: as Prometheus reads it",
  "probe/probe-sockets.ts": "probe/probe-driver.test.ts",
  "probe/probe-tls.ts": "probe/probe-driver-tls.test.ts: over real sockets",
  "probe/report.ts": "probe/probe.test.ts: a list of words and two constructors",
  "tls/certificate-files.ts": "tls/certificate.test.ts: files of certificates",
  "tls/client-context.ts": "tls/start-tls.test.ts: a control connection to a server",
  "tls/handshake-failure.ts": "tls/start-tls.test.ts: a handshake that fails",
  "tls/handshake.ts": "tls/start-tls.test.ts",
  "tls/server-context.ts": "tls/start-tls.test.ts",
  "tls/ticket-keys.ts": "tls/start-tls.test.ts: a session is resumed by its ticket",
  "gateway/tls/loaded-tls.ts": "gateway/tls/terminated.test.ts: files",
  "gateway/tls/tls-files.ts": "process/certificates.test.ts",
  "gateway/tls/tls-of.ts": "gateway/tls/terminated.test.ts",
  "gateway/driver/control-tls.ts": "gateway/tls/terminated.test.ts",
  "gateway/driver/session-tls.ts": "gateway/tls/terminated.test.ts",
  "tls/leg-tls.ts": "dataplane/relay/secure-carriage.test.ts",
  "dataplane/protected.ts": "dataplane/relay/secure-carriage.test.ts: splice can't carry",
  "dataplane/relay/gathered-flow.ts": "dataplane/relay/secure-carriage.test.ts",
  "dataplane/relay/secure-leg.ts": "dataplane/relay/secure-carriage.test.ts",
  "dataplane/relay/secure-carry.ts": "dataplane/relay/secure-carriage.test.ts: in each thread",
  "dataplane/relay/secure-worker.ts": "dataplane/relay/secure-thread.test.ts; dataplane/relay/secure-carriage.test.ts",
  "sockets/borrowed-socket.ts": "dataplane/relay/secure-carriage.test.ts: in a thread of its own",
  "sockets/held-feed.ts": "dataplane/relay/cuts.test.ts; dataplane/relay/secure-carriage.test.ts",
  "sockets/record-feed.ts": "tls/start-tls.test.ts: CCC",
  "sockets/secure-transport.ts": "tls/start-tls.test.ts",
  "sockets/tls-handle.ts": "tls/start-tls.test.ts; dataplane/relay/secure-carriage.test.ts",
  "tls/sni.ts": "tls/certificate.test.ts: SNI",
  "tls/watch-files.ts": "tls/certificate.test.ts: files of certificates",
  "observe/connection-record.ts": "observe/session-record.test.ts: what is known of a data connection",
  "config/advertised.ts": "config/parse.test.ts and config/wrong-values.test.ts: an advertised address",
  "gateway/entrance/arrival.ts": "gateway/entrance/proxied-arrival.test.ts; gateway/changing-addresses.test.ts",
  "config/route.ts": "config/problems.test.ts: route-*.yml",
  "dataplane/userspace/proxied-connections.ts":
    "gateway/driver/data-headers.test.ts: a balancer that carries data connections too",
  "config/data-peer.ts":
    "config/parse.test.ts: data ports may be for the networks of a balancer; config/problems.test.ts",
  "config/pool.ts": "config/problems.test.ts: route-servers.yml; config/parse.test.ts: a pool",
  "gateway/servers/weighted-hash.ts": "gateway/servers/server-pool.test.ts: client-hash",
  "observe/server-metrics.ts": "gateway/servers/pooled-dial.test.ts",
  "session/": "playbooks by topic",
};

function textOf(source: string): string {
  return readFileSync(join(root, "src", source), "utf8").replace(/^#!.*/, "");
}

/** What is left of a source when it runs. */
function codeOf(source: string): string {
  return stripTypeScriptTypes(textOf(source), { mode: "strip" })
    .replace(/\/\/.*|\/\*[^]*?\*\/|;/g, "")
    .trim();
}

describe("each source file", () => {
  const tests = new Set(filesBelow("test").filter((file) => file.endsWith(".test.ts")));

  test("with code in it has a test file in the same place under test/, or a reason", () => {
    const untested = sources.filter((file) => !tests.has(file.replace(/\.ts$/, ".test.ts")) && codeOf(file) !== "");
    const reasons = Object.keys(testedElsewhere);
    const covers = (reason: string, file: string) =>
      file === reason || (reason.endsWith("/") && file.startsWith(reason));
    expect(untested.filter((file) => !reasons.some((reason) => covers(reason, file)))).toEqual([]);
    expect(reasons.filter((reason) => !untested.some((file) => covers(reason, file)))).toEqual([]);
  });

  test("is of one piece: 300 lines at most, and no name that says nothing", () => {
    expect(sources.filter((file) => textOf(file).split("\n").length > 301)).toEqual([]);
    const empty = /(^|[/-])(utils?|helpers?|common|types|index|manager|service|misc)\.ts$/;
    expect(sources.filter((file) => empty.test(file))).toEqual([]);
  });

  test("runs by stripping its types", () => {
    for (const file of sources) expect(() => codeOf(file), file).not.toThrow();
  });
});

test("the top of the repository holds what belongs there and nothing else", () => {
  const belongs = [
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "src",
    "test",
    "deploy",
  ];
  const documents = ["README.md", "CHANGELOG.md", "LICENSE"];
  const made = ["node_modules", "dist", "coverage"];
  const allowed = new Set([...belongs, ...documents, ...made]);
  expect(readdirSync(root).filter((name) => !allowed.has(name) && !/^\.|\.tgz$/.test(name))).toEqual([]);
});

test("durations are measured by the monotonic clock: no file names Date but those that tell the time of day, the demonstration's for its files, a certificate's days", () => {
  const named = sources.filter((file) => /\bDate\b/.test(codeOf(file)));
  const allowed = [
    "cli/local-time.ts",
    "demo/demo-certificate.ts",
    "demo/der.ts",
    "demo/file-tree.ts",
    "demo/listing.ts",
    "observe/transfer-log.ts",
    "observe/wall-clock.ts",
    "tls/certificate.ts",
    "tls/chain-failure.ts",
  ];
  expect(named.filter((file) => !allowed.includes(file))).toEqual([]);
});
