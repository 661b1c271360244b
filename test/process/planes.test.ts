import { expect, test } from "vitest";
import { createPlanes, namesKernel, plannedPlanes } from "../../src/process/planes.ts";
import { nodeSockets } from "../../src/sockets/sockets.ts";
import type { Config } from "../../src/config/config.ts";
import { configFrom } from "../../src/config/parse.ts";

function configOf(...gateways: object[]): Config {
  const parsed = configFrom({
    gateways: gateways.map((more, index) => ({
      name: `g${index}`,
      listen: ["127.0.0.1:0"],
      route: { server: "10.0.0.5:21" },
      ...more,
    })),
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

const planned = (more: object) => plannedPlanes(configOf(more).gateways[0]!);

test.each([
  ["auto", ["kernel", "splice", "relay"]],
  ["kernel", ["kernel", "splice", "relay"]],
  ["splice", ["splice", "relay"]],
  ["relay", ["relay"]],
])("%s may use %j", (dataPlane, expected) => {
  expect(planned({ dataPlane })).toEqual(expected);
});

test("clients that are redirected reach the gateway's sockets only, those that TPROXY brings the kernel's pinholes too", () => {
  expect(planned({ route: { transparent: {} } })).toEqual(["splice", "relay"]);
  expect(planned({ route: { transparent: { method: "tproxy" } } })).toEqual(["kernel", "splice", "relay"]);
});

test("auto does not name the kernel", () => {
  expect(namesKernel(configOf({}, { dataPlane: "relay" }))).toBe(false);
  expect(namesKernel(configOf({}, { dataPlane: "kernel" }))).toBe(true);
});

test("a plane that nobody had a use for at the start takes a restart, and that is said", async () => {
  const notes: string[] = [];
  const note = (level: string, text: string) => notes.push(`${level} ${text}`);
  const planes = await createPlanes(
    configOf({ dataPlane: "relay" }),
    { note, chose: () => {} },
    { sockets: nodeSockets },
  );
  expect(notes).toEqual([]);
  planes.of(configOf({ dataPlane: "splice" }).gateways[0]!);
  expect(notes).toEqual([expect.stringMatching(/^warn the data plane splice takes a restart/)]);
  await planes.stop();
});

test("each gateway gets planes that can carry, and they end together", async () => {
  const config = configOf({ dataPlane: "relay" }, { dataPlane: "splice" });
  const notes: string[] = [];
  const planes = await createPlanes(
    config,
    { note: (_, text) => notes.push(text), chose: () => {} },
    { sockets: nodeSockets },
  );
  const made = config.gateways.map((gateway) => planes.of(gateway));
  // Of several it is the first that is tried.
  expect(made.map(({ name }) => name)).toEqual(["relay", "splice"]);
  await planes.stop();
  const request = {
    client: { kind: "dial", to: { address: "127.0.0.1", port: 9 } },
    server: { kind: "dial", to: { address: "127.0.0.1", port: 9 } },
    ...{ expiryMs: 1, connectMs: 1, stallMs: 1 },
  } as const;
  expect(made.map((plane) => plane.unfit(request))).toEqual([
    "the data plane is stopping",
    "the data plane is stopping",
  ]);
});
