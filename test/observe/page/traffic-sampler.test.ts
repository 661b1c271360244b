import { expect, onTestFinished, test } from "vitest";
import { createMetrics } from "../../../src/observe/metrics.ts";
import { createTrafficSampler } from "../../../src/observe/page/traffic-sampler.ts";
import { until } from "../../gateway/stage.ts";

test("the counters of all gateways are sampled until it stops", async () => {
  const metrics = createMetrics("1");
  const [one, other] = [metrics.gateway("one"), metrics.gateway("other")];
  const sampler = createTrafficSampler(metrics, 20);
  onTestFinished(sampler.stop);
  sampler.start();
  await until(() => sampler.points().length > 0);
  expect(sampler.points()[0]).toMatchObject({ sessions: 0, startedPerSecond: 0, failures: 0 });
  for (const { sessionsActive, sessions, transferBytes, failures } of [one, other]) {
    sessionsActive.inc();
    sessions.quit.inc(3);
    transferBytes.upload.relay.inc(100);
    failures("server-control", "refused").inc();
  }
  await until(() => sampler.points().some(({ sessions }) => sessions === 2));
  const point = sampler.points().find(({ sessions }) => sessions === 2);
  expect(point).toMatchObject({ failures: 2, bytesDownPerSecond: 0 });
  // 8 sessions began and 200 bytes went up in the same time.
  expect(point?.bytesUpPerSecond).toBeCloseTo(25 * (point?.startedPerSecond ?? 0));
  sampler.stop();
  const { length } = sampler.points();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(sampler.points()).toHaveLength(length);
});
