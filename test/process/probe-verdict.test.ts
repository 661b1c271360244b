import { expect, test } from "vitest";
import type { TlsCause } from "../../src/net/tls.ts";
import type { ProbeForm, ProbeProblem, ProbeReport, ProbeStep } from "../../src/probe/report.ts";
import { probeVerdict, type GatewayView } from "../../src/process/probe-verdict.ts";

function report(
  form: ProbeForm,
  steps: string,
  failed?: Pick<ProbeStep, "name"> & { problem: ProbeProblem; tls?: TlsCause },
): ProbeReport {
  const ok = steps.split(" ").filter((name) => name !== "") as ProbeStep["name"][];
  const done = ok.map((name): ProbeStep => ({ name, durationMs: 1, outcome: "ok" }));
  const last: ProbeStep[] = failed ? [{ ...failed, durationMs: 1, outcome: "failed", sentence: "seen" }] : [];
  return { form, isOk: failed === undefined, steps: [...done, ...last] };
}

const found = (hop: "server-data-in" | "gateway" | "server-control") =>
  ({ hop, cause: "nobody-came", sentence: "found", advice: "do" }) as const;
const view = (more: Partial<GatewayView> = {}): GatewayView => ({ session: "a", hasServer: true, ...more });

function hops(...given: Parameters<typeof probeVerdict>): string[] {
  return probeVerdict(...given).hops.map(({ hop, state }) => `${hop} ${state}`);
}

test("a probe that is ok has each hop ok, those of the data by who connects", () => {
  const all = "connect greeting login list";
  expect(hops(report("PASV", all), view({ serverMode: "PORT" }))).toEqual([
    "client-control ok",
    "server-control ok",
    "client-data-in ok",
    "server-data-in ok",
  ]);
  expect(hops(report("EPRT", all), undefined).slice(2)).toEqual(["client-data-out ok", "server-data ok"]);
});

test("the hop that the gateway found is the one that failed, whatever the probe saw", () => {
  const failed = report("PASV", "connect greeting login", { name: "list", problem: "broken" });
  const { failure } = probeVerdict(failed, view({ failure: found("server-data-in") }));
  expect(failure).toEqual({
    ...{ step: "list", problem: "broken", seen: "seen" },
    ...{ hop: "server-data-in", cause: "nobody-came", sentence: "found", advice: "do" },
  });
  expect(hops(failed, view({ failure: found("server-data-in") }))).toEqual([
    "client-control ok",
    "server-control ok",
    "client-data-in not-tried",
    "server-data-in failed",
  ]);
  expect(hops(failed, view({ failure: found("gateway") })).at(-1)).toBe("gateway failed");
});

test("what a client can tell by itself is told without the gateway", () => {
  const unreached = report("PASV", "connect greeting login", { name: "list", problem: "not-reached" });
  expect(hops(unreached, undefined)[2]).toBe("client-data-in failed");
  expect(probeVerdict(unreached, undefined).failure?.advice).toMatch(/^Open and forward clientSide\.dataPorts/);
  const unconnected = report("PASV", "", { name: "connect", problem: "not-connected" });
  expect(probeVerdict(unconnected, undefined).failure?.advice).toMatch(/^Check that the gateway runs/);
  expect(hops(unconnected, undefined)).toEqual([
    "client-control failed",
    "server-control not-tried",
    "client-data-in not-tried",
    "server-data not-tried",
  ]);
  const refused = report("PASV", "connect greeting", { name: "login", problem: "rejected" });
  expect(probeVerdict(refused, undefined).failure).not.toHaveProperty("hop");
});

test("a login that the server refused is no fault of the way to it", () => {
  const refused = report("PASV", "connect greeting", { name: "login", problem: "rejected" });
  expect(hops(refused, view())[1]).toBe("server-control ok");
});

test("TLS that fails is the hop of the client, on the control connection or on that of the data, with the cause and what to do", () => {
  const control = report("PASV", "connect greeting", {
    ...{ name: "tls", problem: "tls-failed", tls: "certificate-expired" },
  });
  expect(hops(control, undefined)).toEqual([
    ...["client-control failed", "server-control not-tried"],
    ...["client-data-in not-tried", "server-data not-tried"],
  ]);
  expect(probeVerdict(control, undefined).failure).toMatchObject({
    cause: "tls-certificate",
    advice: expect.stringContaining("clientSide.tls.certificates") as string,
  });
  const old = report("PASV", "connect greeting", { name: "tls", problem: "tls-failed", tls: "protocol-version" });
  expect(probeVerdict(old, undefined).failure).toMatchObject({ cause: "tls-version" });
  const data = (form: ProbeForm) =>
    report(form, "connect greeting tls login", { name: "list", problem: "data-tls-failed", tls: "closed" });
  expect(hops(data("EPSV"), undefined)[2]).toBe("client-data-in failed");
  expect(hops(data("PORT"), undefined)[2]).toBe("client-data-out failed");
  expect(probeVerdict(data("PORT"), undefined).failure).toMatchObject({ cause: "tls-failed" });
  expect(probeVerdict(data("PASV"), view({ failure: found("server-control") })).failure?.hop).toBe("server-control");
});
