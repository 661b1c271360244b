import { expect, test } from "vitest";
import { createStepTimes } from "../../src/observe/step-times.ts";

function setUp() {
  const connects: number[] = [];
  const latencies: number[] = [];
  const metrics = {
    serverConnectSeconds: { observe: (seconds: number) => void connects.push(seconds) },
    controlLatencySeconds: { observe: (seconds: number) => void latencies.push(seconds) },
  };
  const times = createStepTimes(metrics, "k3f9");
  return { connects, latencies, ...times };
}

test("the time to connect is from the attempt to the connection", () => {
  const { connects, happened, followed } = setUp();
  followed(1000, "connect");
  happened(1250, "connected");
  expect(connects).toEqual([0.25]);
});

test("a server's latency is from what is said to it to its first line, however many lines that has", () => {
  const { latencies, happened, followed } = setUp();
  followed(2000, "to-server");
  happened(2500, "server-line");
  happened(2600, "server-line");
  expect(latencies).toEqual([0.5]);
});

test("of pipelined commands the first one's answer counts, and of a command behind it none that came before", () => {
  const { latencies, happened, followed } = setUp();
  followed(1000, "to-server");
  followed(1100, "to-server");
  happened(1500, "server-line");
  followed(1600, "to-server");
  happened(1850, "server-line");
  expect(latencies).toEqual([0.5, 0.25]);
});

test("what the server says unasked has no latency", () => {
  const { latencies, happened } = setUp();
  happened(1000, "server-line");
  expect(latencies).toEqual([]);
});
