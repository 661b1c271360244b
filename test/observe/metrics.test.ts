import { expect, test } from "vitest";
import { quirks } from "../../src/ftp/quirks.ts";
import { planeNames, sides } from "../../src/dataplane/pinhole.ts";
import { acceptFailureCauses, replyClasses } from "../../src/observe/gateway-metrics.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { transferOutcomes } from "../../src/session/facts.ts";
import { tlsCauses } from "../../src/net/tls.ts";
import { modes } from "../../src/session/mode.ts";
import { causes, hops } from "../../src/session/diagnosis.ts";
import { endReasons, refusalReasons } from "../../src/session/reasons.ts";
import { rowsOf } from "../books.ts";
import { playEverything, readExposition, type Sample } from "./synthetic.ts";

const prefix = "ftp_alg_";

test("the handbook's metrics table and the registry name the same metrics, types and labels", async () => {
  const { types, samples } = readExposition(await playEverything());
  const exposed = [...types.entries()]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, type]) => {
      const own = samples.filter((sample) => sample.metric === name);
      expect(own, name).not.toEqual([]);
      const labels = new Set(own.flatMap((sample) => Object.keys(sample.labels)).filter((label) => label !== "le"));
      return `${name} ${type} ${[...labels].join(",")}`;
    });
  expect(exposed.toSorted()).toEqual(readTable().toSorted());
});

function readTable(): string[] {
  return rowsOf("metrics").map((row) => {
    const [name = "", type = "", labels = ""] = row.map((cell) => cell.replaceAll("`", ""));
    return `${name} ${type} ${labels.replaceAll(" ", "")}`;
  });
}

const closedSets: Readonly<Record<string, readonly string[]>> = {
  gateway: ["public"],
  // The servers of a pool, as they are configured.
  server: ["files.example.net:21"],
  version: ["1.2.3"],
  driver: ["node", "loop"],
  end: endReasons,
  reason: refusalReasons,
  class: replyClasses,
  cause: [...acceptFailureCauses, ...causes],
  hop: hops,
  kind: ["control", "data"],
  from: modes,
  to: modes,
  client_mode: modes,
  server_mode: modes,
  side: sides,
  plane: [...planeNames, "none"],
  direction: ["download", "upload", "unknown"],
  quirk: [...quirks, "other-source-port"],
  certificate: ["fullchain.pem"],
  state: ["free", "open", "resting"],
  result: ["success", "failure"],
  command: ["USER", "PASS", "PASV", "RETR", "other"],
};
const outcomes: Readonly<Record<string, readonly string[]>> = {
  ftp_alg_tls_handshakes_total: ["full", "resumed", ...tlsCauses],
  ftp_alg_server_checks_total: ["passed", "failed"],
  ftp_alg_server_connects_total: ["connected", "unreachable", "refused", "silent"],
  ftp_alg_pinholes_total: ["used", "expired", "released", "refused"],
  ftp_alg_transfers_total: transferOutcomes,
};

test("every label value is of a closed set, and none looks like an address, a user or a path", async () => {
  const samples = readExposition(await playEverything()).samples.filter(({ metric }) => metric.startsWith(prefix));
  const strays = samples.flatMap(({ metric, labels }: Sample) =>
    Object.entries(labels).flatMap(([label, value]) => {
      if (label === "le") return Number.isNaN(Number(value.replace("+Inf", "1"))) ? [`${metric} le=${value}`] : [];
      const allowed = (label === "outcome" ? outcomes[metric] : closedSets[label]) ?? [];
      return allowed.includes(value) ? [] : [`${metric} ${label}=${value}`];
    }),
  );
  expect(strays).toEqual([]);
  const values = samples.flatMap(({ labels }) => Object.entries(labels).filter(([label]) => label !== "version"));
  expect(
    values.filter(([label, value]) => label !== "le" && /\d+\.\d+\.\d+|::|[/\\@]|anna|hunter/i.test(value)),
  ).toEqual([]);
});

test("the default process metrics are exposed", async () => {
  const { types } = readExposition(await createMetrics("1.2.3").text());
  expect([...types.keys()]).toEqual(
    expect.arrayContaining([
      "process_cpu_seconds_total",
      "process_resident_memory_bytes",
      "nodejs_eventloop_lag_seconds",
    ]),
  );
});

test("two sets of metrics in one process don't share a registry", async () => {
  const one = createMetrics("1");
  const other = createMetrics("2");
  one.gateway("public").refusals["epsv-all"].inc();
  expect(await one.text()).toContain('ftp_alg_refusals_total{gateway="public",reason="epsv-all"} 1');
  expect(await other.text()).not.toContain("epsv-all");
});

test("asking for a gateway again goes on counting", async () => {
  const metrics = createMetrics("1.2.3");
  metrics.gateway("public").replies["2xx"].inc();
  metrics.gateway("public").replies["2xx"].inc();
  expect(await metrics.text()).toContain('ftp_alg_replies_total{gateway="public",class="2xx"} 2');
});

test("every histogram has the label gateway", async () => {
  const { types, samples } = readExposition(await playEverything());
  const own = samples.filter(({ metric }) => types.get(metric) === "histogram" && metric.startsWith(prefix));
  expect(new Set(own.map(({ metric }) => metric)).size).toBe(6);
  expect(own.filter(({ labels }) => labels["gateway"] !== "public")).toEqual([]);
});

test("a reload that fails is seen until one succeeds, and since when the configuration runs", async () => {
  const before = Math.floor(Date.now() / 1000);
  const metrics = createMetrics("1.2.3");
  const last = async () => {
    const { samples } = readExposition(await metrics.text());
    const value = (name: string) =>
      samples.find(({ metric }) => metric === `ftp_alg_config_last_reload_${name}`)?.value;
    return { successful: value("successful"), at: value("success_timestamp_seconds") ?? 0 };
  };
  const started = await last();
  expect(started.successful).toBe(1);
  expect(started.at).toBeGreaterThanOrEqual(before);
  metrics.configReloaded("failure");
  expect(await last()).toEqual({ successful: 0, at: started.at });
  metrics.configReloaded("success");
  expect((await last()).successful).toBe(1);
  expect((await last()).at).toBeGreaterThanOrEqual(started.at);
});
