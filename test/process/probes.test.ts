// /probe of a real process: what Prometheus reads, and what is not tried.
import { expect, onTestFinished, test, vi } from "vitest";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { spawnGateway } from "../gateway/spawned-gateway.ts";
import { freePort, setServer } from "../gateway/stage.ts";
import { makeCertificate } from "../tls/made-certificate.ts";
import { made } from "../tls/tls-peers.ts";

// A whole program is started.
vi.setConfig({ testTimeout: 20_000 });

async function setProbed(gateways: readonly object[]) {
  const running = spawnGateway(
    gateways.map((gateway) => ({ listen: "127.0.0.1:0", dataPlane: "relay", ...gateway })),
    { rest: { admin: { listen: "127.0.0.1:0" } } },
  );
  const endpoint = String((await running.logged("admin listening"))["endpoint"]);
  return async (query: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`http://${endpoint}/probe${query}`, { headers });
    return { status: answer.status, text: await answer.text() };
  };
}

async function setFtpServer(): Promise<string> {
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files: {} });
  onTestFinished(() => server.stop());
  return `127.0.0.1:${server.endpoint.port}`;
}

test("a probe in each mode says success, times and hops, as Prometheus reads it", async () => {
  const probe = await setProbed([{ name: "one", route: { server: await setFtpServer() } }]);
  for (const mode of ["passive", "active", "pasv", "epsv", "port", "eprt"]) {
    const { status, text } = await probe(`?gateway=one&mode=${mode}`);
    expect(status).toBe(200);
    expect(text).toMatch(/^probe_success 1$/m);
    expect(text).toMatch(/^probe_duration_seconds 0\.\d+$/m);
    expect(
      text.match(/^probe_phase_duration_seconds\{phase="(connect|greeting|login|list)"\} [\d.e-]+$/gm)?.length,
    ).toBe(4);
    expect(text.match(/^probe_hop_ok\{hop="[a-z-]+"\} 1$/gm)?.length).toBe(4);
    expect(text).not.toContain("probe_failure_info");
  }
  // Those who ask at once have their turn, and whoever asks for the same gets the same.
  const texts = await Promise.all(["pasv", "port", "pasv", "epsv"].map((mode) => probe(`?gateway=one&mode=${mode}`)));
  expect(texts.map(({ text }) => /^probe_success 1$/m.test(text))).toEqual([true, true, true, true]);
  expect(texts[0]?.text).toBe(texts[2]?.text);
});

test("what fails has its hop and cause in a label, and the sentence in a comment", async () => {
  const down = { name: "down", route: { server: `127.0.0.1:${await freePort()}` }, timeouts: { connect: "300ms" } };
  const probe = await setProbed([down]);
  const { status, text } = await probe("?gateway=down");
  expect(status).toBe(200);
  expect(text).toMatch(/^probe_success 0$/m);
  expect(text).toMatch(/^probe_failure_info\{phase="greeting",hop="server-control",cause="refused"\} 1$/m);
  expect(text).toMatch(/^probe_hop_ok\{hop="client-control"\} 1\nprobe_hop_ok\{hop="server-control"\} 0$/m);
  expect(text).toMatch(/^# found: The server refused /m);
});

test("a server that is silent takes no longer than the scraper waits", async () => {
  const silent = await setServer({}, { greeting: "" });
  const probe = await setProbed([{ name: "one", route: { server: `127.0.0.1:${silent.port}` } }]);
  const began = performance.now();
  const answers = await Promise.all(
    ["pasv", "epsv"].map((mode) =>
      probe(`?gateway=one&mode=${mode}`, { "x-prometheus-scrape-timeout-seconds": "1.2" }),
    ),
  );
  expect(performance.now() - began).toBeLessThan(3000);
  expect(answers.map(({ status }) => status)).toEqual([200, 503]);
  expect(answers[0]?.text).toMatch(/^probe_success 0$/m);
  expect(answers[1]?.text).toBe("other probes of one take all the time\n");
});

test("what can't be tried is said in words", async () => {
  const probe = await setProbed([
    { name: "one", route: { server: "127.0.0.1:9" } },
    { name: "names", route: { login: { allow: ["127.0.0.0/8"] } } },
    { name: "six", listen: "[::1]:0", route: { server: "127.0.0.1:9" } },
  ]);
  expect(await probe("")).toEqual({ status: 400, text: "which gateway? /probe?gateway=one\n" });
  expect(await probe("?gateway=onee")).toEqual({ status: 404, text: "no such gateway; did you mean one?\n" });
  expect(await probe("?gateway=one&mode=each")).toMatchObject({ status: 400 });
  expect((await probe("?gateway=names")).text).toBe(
    "gateway names takes the server from the login: probe.user needs to be NAME@HOST\n",
  );
  expect((await probe("?gateway=six&mode=pasv")).text).toBe("mode pasv has no way to say an IPv6 address\n");
});

test("a gateway that demands TLS is probed under TLS, by AUTH or from the first byte", async () => {
  const terminating = (cert: string, key: string, listen: unknown) => ({
    ...{ listen, policy: { tls: "terminate" } },
    clientSide: { tls: { certificates: [{ cert, key }], require: "data", sessionReuse: "require" } },
  });
  const server = await setFtpServer();
  const authority = makeCertificate({ name: "Authority" });
  const signed = makeCertificate({ issuer: authority });
  const probe = await setProbed([
    { name: "one", route: { server }, ...terminating(made.certFile, made.keyFile, "127.0.0.1:0") },
    {
      ...{ name: "two", route: { server } },
      ...terminating(signed.certFile, signed.keyFile, [{ endpoint: "127.0.0.1:0", tls: "implicit" }]),
    },
  ]);
  for (const query of ["?gateway=one&mode=epsv", "?gateway=one&mode=port", "?gateway=two&mode=pasv"]) {
    const { status, text } = await probe(query);
    expect([status, text]).toEqual([200, expect.stringMatching(/^probe_success 1$/m)]);
    expect(text).toMatch(/^probe_phase_duration_seconds\{phase="tls"\} [\d.e-]+$/m);
  }
});
