// The metrics as operators use them: Debian's Prometheus reads a running gateway, and every query of the dashboard, of the rules and of
// the handbook is asked there. promtool checks what it can check.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { rowsOf } from "../books.ts";
import { programObstacle, requireNone } from "./availability.ts";
import { deployFolder, startMonitoredGateway, type MonitoredGateway } from "./monitored-gateway.ts";
import { run } from "./process.ts";
import { program } from "./programs.ts";

const obstacle = await programObstacle("prometheus", "promtool");
beforeEach((context) => requireNone(obstacle, context));

const rulesFolder = path.join(deployFolder, "prometheus");

async function promtool(args: readonly string[], input = "") {
  const { path: binary } = await program("promtool");
  const { status, stdout, stderr } = await run([binary, ...args], { cwd: rulesFolder, input });
  return { status, said: `${stdout.toString()}${stderr.toString()}` };
}

test("promtool is content with the scrape configuration and the rules, and the rules do what their tests say", async () => {
  for (const args of [
    ["check", "config", "prometheus.yml"],
    ["check", "rules", "--lint=all", "--lint-fatal", "ftp-alg.rules.yml"],
    ["test", "rules", "ftp-alg.test.yml"],
  ]) {
    const { status, said } = await promtool(args);
    expect(status, said).toBe(0);
  }
});

type Target = { readonly expr: string };
type Panel = {
  readonly title: string;
  readonly type: string;
  readonly id: number;
  readonly targets?: readonly Target[];
};
type Dashboard = {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly annotations: { readonly list: readonly Target[] };
};

async function readDashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(path.join(deployFolder, "grafana/ftp-alg.json"), "utf8")) as Dashboard;
}

/** As Grafana asks with everything selected. */
const asked = (expression: string): string =>
  expression.replaceAll("$__rate_interval", "10s").replaceAll(/"\$(job|instance|gateway)"/g, '".*"');

/** Which of the expressions have no number as an answer, however long one waits: rates need rounds of clients and scrapes of them. */
async function unansweredOf(gateway: MonitoredGateway, expressions: readonly string[]): Promise<readonly string[]> {
  const isAnswered = async (expression: string): Promise<boolean> =>
    (await gateway.query(expression)).some(({ value }) => Number.isFinite(value));
  const deadline = performance.now() + 40_000;
  let left = expressions;
  for (;;) {
    const answers = await Promise.all(left.map(isAnswered));
    left = left.filter((_, index) => answers[index] === false);
    if (left.length === 0 || performance.now() > deadline) return left;
    await sleep(1000);
  }
}

/** What the clients of this test can't bring about. */
const mayBeEmpty = ["ftp_alg_accept_failures_total"];

describe("while a gateway serves good and bad clients", () => {
  let gateway: MonitoredGateway;

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    gateway = await startMonitoredGateway();
    // A rate needs some scrapes.
    const deadline = performance.now() + 30_000;
    const failing = 'sum(rate(ftp_alg_failures_total{hop="client-data-in"}[10s])) > 0';
    while (performance.now() < deadline && (await gateway.query(failing)).length === 0) await sleep(250);
    await sleep(3000);
  }, 90_000);

  afterAll(() => gateway?.stop(), 30_000);

  test("promtool check metrics is content with all that the gateway exposes, also of its own process", async () => {
    const text = await gateway.metrics();
    expect(text).toContain("nodejs_eventloop_lag_seconds");
    const { status, said } = await promtool(["check", "metrics"], text);
    expect({ status, said }).toEqual({ status: 0, said: "" });
  });

  test("every panel of the dashboard has data, and each is asked of the selected gateways alone", async () => {
    const { panels } = await readDashboard();
    const withTargets = panels.filter(({ type }) => type !== "row");
    expect(withTargets.length).toBeGreaterThan(30);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const asking: string[] = [];
    for (const { title, targets = [] } of withTargets) {
      expect(targets, title).not.toEqual([]);
      for (const { expr } of targets) {
        expect(expr, title).toContain('job=~"$job", instance=~"$instance"');
        if (/ftp_alg_(?!build|config)/.test(expr)) expect(expr, title).toContain('gateway=~"$gateway"');
        if (!mayBeEmpty.some((name) => expr.includes(name))) asking.push(asked(expr));
        else await gateway.query(asked(expr));
      }
    }
    expect(await unansweredOf(gateway, asking)).toEqual([]);
  }, 60_000);

  test("the annotation and the variables of the dashboard are known to Prometheus", async () => {
    const { annotations, templating } = await readDashboard();
    for (const { expr } of annotations.list) await gateway.query(asked(expr));
    expect(templating.list.map(({ name }) => name)).toEqual(["datasource", "job", "instance", "gateway"]);
    expect(await gateway.api("label/gateway/values")).toEqual(["away", "public"]);
    expect(await gateway.api("label/job/values")).toContain("ftp-alg");
  });

  test("every question of the handbook has an answer in numbers", async () => {
    const questions = rowsOf("questions").map(([query = ""]) => query.replaceAll("`", ""));
    expect(questions.length).toBeGreaterThan(25);
    expect(await unansweredOf(gateway, questions)).toEqual([]);
  }, 60_000);

  test("each recorded rule has data, and no rule fails", async () => {
    const { groups } = (await gateway.api("rules")) as {
      groups: { rules: { name: string; type: string; health: string; lastError?: string }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    for (const { name, type } of rules) {
      if (type === "recording") expect(await unansweredOf(gateway, [name]), name).toEqual([]);
    }
  });

  test("Prometheus asks for OpenMetrics and gets exemplars, which name sessions", async () => {
    const now = Date.now() / 1000;
    const request = `query_exemplars?query=ftp_alg_transfer_seconds_bucket&start=${now - 120}&end=${now}`;
    const data = (await gateway.api(request)) as { exemplars: { labels: Record<string, string> }[] }[];
    const sessions = data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels["session"]));
    expect(sessions.length).toBeGreaterThan(0);
    for (const session of sessions) expect(session).toMatch(/^[0-9a-z]{8}$/);
  });
});
