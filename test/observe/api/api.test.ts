import { expect, test } from "vitest";
import { sessionDetailSchema, sessionsSchema, statusSchema } from "../../../src/observe/api/schemas.ts";
import { playFromStart } from "../../session/play.ts";
import { downloadWhole, passive, until } from "../../gateway/stage.ts";
import { setApi, type ApiStage } from "./api-stage.ts";

/** A download that stands still in its middle. */
const halfDownload = {
  async RETR(session: Parameters<NonNullable<Parameters<typeof setApi>[0]>["RETR"] & object>[0]) {
    session.say("150 Opening BINARY mode data connection for x (40000 bytes).");
    const data = await session.data();
    data.write(Buffer.alloc(10_000));
  },
};

const list = (stage: ApiStage, query = "") => stage.ask(`/api/sessions${query}`, sessionsSchema);
const idsOf = async (stage: ApiStage, query: string) => (await list(stage, query)).sessions.map(({ id }) => id);

test("/api/status is the gateways of the process, with what they are, hold and have counted", async () => {
  const stage = await setApi();
  const client = await stage.login();
  await downloadWhole(client);
  await client.ask("PORT 127,0,0,1,0,20");
  await until(async () => (await stage.ask("/api/status", statusSchema)).gateways[0]?.totals.bytesDown === 10_000);
  const status = await stage.ask("/api/status", statusSchema);
  expect(status).toMatchObject({ version: "1.2.3", state: "running", ready: true, history: { live: 1, ended: 0 } });
  expect(status.gateways).toMatchObject([
    {
      name: "test",
      dataPorts: {},
      listeners: [expect.stringMatching(/^127\.0\.0\.1:\d+$/)],
      route: { kind: "fixed", server: `127.0.0.1:${stage.server.port}` },
      ...{
        dataPlane: "relay",
        sessions: 1,
        transfers: 0,
        pinholes: { client: 0, server: 0 },
        bans: 0,
        missingPlanes: [],
      },
      totals: {
        sessions: {},
        transfers: { complete: 1 },
        refusals: { "low-port": 1 },
        failures: [],
        bytesDown: 10_000,
      },
    },
  ]);
});

test("/api/sessions lists those that run and those that have ended, the newest first", async () => {
  const stage = await setApi();
  const first = await stage.login();
  await stage.login();
  await first.ask("QUIT");
  await until(async () => (await idsOf(stage, "?state=ended")).length === 1);
  const { sessions, next } = await list(stage);
  expect(sessions).toMatchObject([
    { gateway: "test", state: "live", user: "u", isLoggedIn: true, server: `127.0.0.1:${stage.server.port}` },
    { state: "ended", user: "u", end: { reason: "quit", detail: "" } },
  ]);
  expect(next).toBeUndefined();
});

test("/api/sessions is narrowed by gateway, state, failure, client and user", async () => {
  const stage = await setApi();
  const client = await stage.login();
  const [live = ""] = await idsOf(stage, "");
  for (const query of [
    "gateway=test",
    "state=live",
    "failed=false",
    "client=127.0.0.1",
    "client=127.0.0.0/8",
    "user=u",
  ]) {
    expect(await idsOf(stage, `?${query}`), query).toEqual([live]);
  }
  for (const query of ["gateway=x", "state=ended", "failed=true", "client=127.0.0.2", "client=10.0.0.0/8", "user=v"]) {
    expect(await idsOf(stage, `?${query}`), query).toEqual([]);
  }
  client.close();
});

test("/api/sessions in pages is the same list", async () => {
  const stage = await setApi();
  for (let count = 0; count < 5; count += 1) await stage.login();
  const all = await idsOf(stage, "");
  const pages: string[][] = [];
  let query: string | undefined = "?limit=2";
  while (query !== undefined) {
    const { sessions, next }: Awaited<ReturnType<typeof list>> = await list(stage, query);
    pages.push(sessions.map(({ id }) => id));
    query = next === undefined ? undefined : `?limit=2&before=${next}`;
  }
  expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
  expect(pages.flat()).toEqual(all);
});

test("a transfer that runs is shown with its path, bytes, rate, and progress where the server has told the size", async () => {
  const stage = await setApi(halfDownload);
  const client = await stage.login();
  const data = await passive(client);
  await client.ask("RETR d\u00c3\u00bcr.iso");
  let received = 0;
  data.on("data", (chunk: Buffer) => (received += chunk.length));
  await until(() => received === 10_000);
  const [session] = (await list(stage)).sessions;
  const running = {
    ...{ id: 1, verb: "RETR", path: "dür.iso", direction: "download", state: "running", plane: "relay" },
    ...{ clientMode: "PASV", serverMode: "PASV", bytesUp: 0, bytesDown: 10_000, sizeBytes: 40_000, progress: 0.25 },
  };
  expect(session).toMatchObject({ bytesDown: 10_000, transferCount: 0, running: [running] });
  const detail = await stage.ask(`/api/sessions/${session?.id}`, sessionDetailSchema);
  expect(detail).toMatchObject({
    transfers: [running],
    pinholes: [
      {
        client: { kind: "listen", endpoint: expect.stringMatching(/^127\.0\.0\.1:/), peer: "127.0.0.1" },
        server: { kind: "dial" },
      },
    ],
    stepsLeftOut: 0,
  });
  expect(detail.transfers[0]?.bytesPerSecond).toBeGreaterThan(0);
  data.destroy();
});

test("a transfer that has ended is shown with its outcome", async () => {
  const stage = await setApi();
  const client = await stage.login();
  await downloadWhole(client);
  const [id] = await idsOf(stage, "");
  const detail = await stage.ask(`/api/sessions/${id}`, sessionDetailSchema);
  expect(detail.transfers).toMatchObject([
    { verb: "RETR", path: "x", state: "ended", outcome: "complete", bytesDown: 10_000 },
  ]);
});

test("a session that has failed is found by that, and says at which hop and why", async () => {
  const stage = await setApi({}, { timeouts: { pinholeMs: 50, dataStallMs: 50 } });
  const client = await stage.login();
  await client.ask("PASV");
  client.write("RETR y\r\n");
  await until(async () => (await idsOf(stage, "?failed=true")).length === 1);
  const [session] = (await list(stage, "?failed=true")).sessions;
  expect(session?.failure).toMatchObject({ hop: "client-data-in", cause: "nobody-came" });
  expect(session?.failure?.sentence).toMatch(/127\.0\.0\.1:\d+/);
  expect((await stage.ask("/api/status", statusSchema)).gateways[0]?.totals.failures).toEqual([
    { hop: "client-data-in", cause: "nobody-came", count: 1 },
  ]);
});

test("the trace that the API gives, pasted into a test, is a playbook", async () => {
  const stage = await setApi();
  const client = await stage.login();
  await downloadWhole(client);
  await client.ask("PORT 127,0,0,1,0,20");
  await client.ask("QUIT");
  await until(async () => (await idsOf(stage, "?state=ended")).length === 1);
  const [id] = await idsOf(stage, "");
  const pasted = await (await stage.fetch(`/api/sessions/${id}/trace`)).text();
  expect(pasted).toContain("C> PASS ****");
  const { facts } = playFromStart(pasted, {
    route: { kind: "fixed", host: "127.0.0.1", port: stage.server.port },
    ...{ clientPeer: "127.0.0.1", clientAdvertise: "127.0.0.1" },
  });
  expect(facts.at(-1)).toMatchObject({ kind: "ended", reason: "quit" });
  expect(facts).toContainEqual(expect.objectContaining({ kind: "transfer-ended", outcome: "complete" }));
});

test("a trace comes in each of its formats, as text", async () => {
  const stage = await setApi();
  const client = await stage.login();
  await client.ask("NOOP");
  const [id] = await idsOf(stage, "");
  const trace = async (query: string) => {
    const answer = await stage.fetch(`/api/sessions/${id}/trace${query}`);
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    return answer.text();
  };
  expect(await trace("")).toContain("\nC> NOOP\n     >S NOOP\n");
  expect(await trace("?format=transcript")).toBe(await trace(""));
  expect(await trace("?format=ladder")).toMatch(/│── NOOP ─+┼─+▶│/);
  expect(await trace("?format=mermaid")).toContain("\n  client->>gateway: NOOP\n  gateway->>server: NOOP\n");
  const narrow = (await trace("?format=ladder&width=60")).split("\n");
  expect([...new Set(narrow.map(({ length }) => length))]).toEqual([60, 0]);
});

test("a trace as SVG is an image of its own, which may fetch and run nothing", async () => {
  const stage = await setApi();
  const client = await stage.login();
  await client.ask("NOOP");
  const [id] = await idsOf(stage, "");
  const answer = await stage.fetch(`/api/sessions/${id}/trace?format=svg&width=400`);
  expect(answer.headers.get("content-type")).toBe("image/svg+xml");
  expect(answer.headers.get("content-security-policy")).toBe("default-src 'none'; style-src 'unsafe-inline'");
  const svg = await answer.text();
  expect(svg).toContain(">NOOP</tspan>");
  expect(svg).toContain('width="400"');
});

test("a drawn trace of one transfer has its rows alone", async () => {
  const stage = await setApi();
  const client = await stage.login();
  await downloadWhole(client);
  await client.ask("NOOP");
  const [id] = await idsOf(stage, "");
  const trace = `/api/sessions/${id}/trace`;
  for (const format of ["ladder", "mermaid", "svg"]) {
    const text = await (await stage.fetch(`${trace}?format=${format}&transfer=1`)).text();
    expect(text).toContain("RETR x");
    expect(text).not.toContain("NOOP");
    expect(text).not.toContain("USER");
    expect(await stage.refusal(`${trace}?format=${format}&transfer=9`)).toMatch(/^404 no transfer 9 of session /);
  }
  expect(await stage.refusal(`${trace}?transfer=1`)).toMatch(/^400 transfer: a transcript is given as a whole/);
  expect(await stage.refusal(`${trace}?format=ladder&width=9999`)).toMatch(/^400 width: /);
});

test("control characters of peers reach nobody who looks, in no format", async () => {
  const stage = await setApi();
  const client = await stage.login();
  const data = await passive(client);
  await client.ask("RETR \u001b[31mred\u009b");
  const [id] = await idsOf(stage, "");
  for (const path of ["", "/trace", "/trace?format=ladder", "/trace?format=mermaid", "/trace?format=svg"]) {
    const text = await (await stage.fetch(`/api/sessions/${id}${path}`)).text();
    expect(text).toContain("[31mred");
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  }
  const detail = await stage.ask(`/api/sessions/${id}`, sessionDetailSchema);
  expect(detail.transfers[0]?.path).toBe("\u001b[31mred\u009b");
  data.destroy();
});

test("what is wrong with a request is said with 4xx", async () => {
  const stage = await setApi();
  expect(await stage.refusal("/api/sessions/00000000")).toBe("404 no session 00000000 is kept");
  expect(await stage.refusal("/api/sessions/00000000/trace")).toBe("404 no session 00000000 is kept");
  expect(await stage.refusal("/api/sessions?before=00000000")).toBe("404 before: no session 00000000 is kept");
  expect(await stage.refusal("/api/sessions?state=dead")).toMatch(/^400 state: .*"live"\|"ended"/);
  expect(await stage.refusal("/api/sessions?limit=0")).toMatch(/^400 limit: /);
  expect(await stage.refusal("/api/sessions?limit=1001")).toMatch(/^400 limit: /);
  expect(await stage.refusal("/api/sessions?client=me")).toMatch(/^400 client: expected an address/);
  expect(await stage.refusal("/api/sessions?colour=red")).toMatch(/^400 .*"colour"/);
  expect(await stage.refusal("/api/sessions/1/trace?format=pdf")).toMatch(/^400 format: /);
  expect(await stage.refusal("/api/nothing")).toBe("404 not found");
});
