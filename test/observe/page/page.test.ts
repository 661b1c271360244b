import { expect, test } from "vitest";
import { sessionsSchema } from "../../../src/observe/api/schemas.ts";
import { downloadWhole, passive, until } from "../../gateway/stage.ts";
import { setApi, type ApiStage } from "../api/api-stage.ts";

const token = "correct-horse-battery-staple";
const authorization = `Bearer ${token}`;
const admin = { token: () => token };

const pageOf = async (stage: ApiStage, path = "/", init: RequestInit = { headers: { authorization } }) => {
  const answer = await stage.fetch(path, { redirect: "manual", ...init });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

const idOf = async (stage: ApiStage): Promise<string> => {
  const { sessions } = await stage.ask("/api/sessions", sessionsSchema, { headers: { authorization } });
  return sessions[0]?.id ?? "";
};

test("the page shows gateways, sessions, transfers with progress, pinholes and refusals without any script", async () => {
  const stage = await setApi(
    {
      async RETR(session) {
        session.say("150 Opening BINARY mode data connection for x (40000 bytes).");
        (await session.data()).write(Buffer.alloc(10_000));
      },
    },
    {},
    admin,
  );
  const client = await stage.login();
  const data = await passive(client);
  data.resume();
  client.write("RETR pub/<b>x</b>\r\n");
  await client.reply();
  await (await stage.login()).ask("PORT 127,0,0,1,0,20");
  await until(async () => (await pageOf(stage)).text.includes("25\u202f% of 40.0\u202fkB"));
  const { text } = await pageOf(stage);
  for (const part of [
    "gateway-test",
    `session-${await idOf(stage)}`,
    "low-port",
    "pub/&lt;b&gt;x&lt;/b&gt;",
    "open on",
  ]) {
    expect(text, part).toContain(part);
  }
  expect(text).not.toContain("<b>");
});

test("a failure stands on the page with its sentence, its advice and the way to its session", async () => {
  const stage = await setApi({ RETR: ({ socket }) => void socket.resetAndDestroy() }, {}, admin);
  const client = await stage.login();
  await passive(client);
  client.write("RETR x\r\n");
  await client.rest();
  await until(async () => (await pageOf(stage)).text.includes('class="failure"'));
  const { text } = await pageOf(stage);
  const id = await idOf(stage);
  expect(text).toContain(`<a href="/sessions/${id}">session ${id}</a>`);
  expect(text).toContain("(1 failed) ftp-alg");
  const { failure } =
    (await stage.ask(`/api/sessions?failed=true`, sessionsSchema, { headers: { authorization } })).sessions[0] ?? {};
  for (const words of [failure?.sentence, failure?.advice])
    expect(text).toContain((words ?? "?").replaceAll("'", "&#39;"));
  expect((await pageOf(stage, `/sessions/${id}`)).text).toContain('<h2 id="failure-heading"');
});

test("what fails again in the same way is shown once, with how often, and does not hide what fails otherwise", async () => {
  let isBroken = false;
  const stage = await setApi(
    {
      PASS: ({ socket, say }) => (isBroken ? void socket.resetAndDestroy() : say("230 Logged in")),
      RETR: ({ say }) => say("150 Nothing comes of it"),
    },
    { timeouts: { pinholeMs: 50, dataStallMs: 50 } },
    admin,
  );
  const lost = await stage.login();
  await lost.ask("PASV");
  lost.write("RETR x\r\n");
  await until(async () => (await pageOf(stage)).text.includes("<code>client-data-in nobody-came</code>"));
  isBroken = true;
  for (let count = 0; count < 15; count += 1) await stage.login().catch(() => {});
  await until(async () => (await pageOf(stage)).text.includes("14 more like it"));
  const { text } = await pageOf(stage);
  expect(text.match(/<li class="failure"/g)).toHaveLength(2);
  expect(text.indexOf("<code>server-control reset</code>")).toBeLessThan(
    text.indexOf("<code>client-data-in nobody-came</code>"),
  );
});

test("a session's page has its ladder, and the ways to other forms of it lead somewhere", async () => {
  const stage = await setApi({}, {}, admin);
  const client = await stage.login();
  await downloadWhole(client);
  const { text } = await pageOf(stage, `/sessions/${await idOf(stage)}`);
  expect(text).toContain(">USER</tspan> u</text>");
  const links = [...text.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map((match) => match[1] ?? "");
  expect(links.filter((link) => link.includes("/trace"))).toHaveLength(4);
  for (const link of links) expect((await pageOf(stage, link)).status, link).toBe(200);
  expect((await pageOf(stage, "/sessions/00000000")).status).toBe(404);
});

test("the ladder is shown of one transfer alone where it is asked for, and of the whole where there is no such", async () => {
  const stage = await setApi({}, {}, admin);
  const client = await stage.login();
  await downloadWhole(client);
  const path = `/sessions/${await idOf(stage)}`;
  const drawn = async (query: string) => (await pageOf(stage, path + query)).text;
  expect(await drawn("")).toContain(`href="${path}?transfer=1#ladder"`);
  const one = await drawn("?transfer=1");
  expect(one).toContain(">RETR</tspan> x</text>");
  expect(one).not.toContain(">USER</tspan>");
  for (const query of ["", "?transfer=9", "?transfer=%3Cb%3E"]) {
    const whole = await drawn(query);
    expect(whole, query).toContain(">USER</tspan>");
    expect(whole, query).not.toContain("<b>");
  }
});

test("an id stands once in a page, though the ladder is drawn twice", async () => {
  const stage = await setApi({}, {}, admin);
  const client = await stage.login();
  await downloadWhole(client);
  const { text } = await pageOf(stage, `/sessions/${await idOf(stage)}`);
  const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids).toContain("wide-transfer-1");
  expect(ids).toContain("narrow-transfer-1");
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
});

test("sessions are narrowed as the API narrows them, and what is wrong with the question is said", async () => {
  const stage = await setApi({}, {}, admin);
  await stage.login();
  const id = await idOf(stage);
  for (const query of ["", "?state=live&failed=&user=&client=", "?client=127.0.0.0/8"]) {
    expect((await pageOf(stage, `/sessions${query}`)).text, query).toContain(`id="session-${id}"`);
  }
  for (const query of ["?state=ended", "?user=nobody"]) {
    expect((await pageOf(stage, `/sessions${query}`)).text, query).toContain("No session that is kept is like that.");
  }
  const wrong = await pageOf(stage, "/sessions?client=%3Cscript%3E");
  expect([wrong.status, wrong.text.includes("<script>"), wrong.text.includes("expected an address")]).toEqual([
    400,
    false,
    true,
  ]);
});

test("an action asks first, is done by POST, and leads back", async () => {
  const done: string[] = [];
  const requests = { reload: async () => void done.push("reload"), drain: () => void done.push("drain") };
  const stage = await setApi({}, {}, admin, requests);
  const client = await stage.login();
  const end = `/sessions/${await idOf(stage)}/end`;
  for (const path of ["/reload", "/drain", end]) {
    expect((await pageOf(stage, path)).text, path).toContain(`<form method="post" action="${path}">`);
  }
  expect(done).toEqual([]);
  const post = { method: "POST", headers: { authorization } };
  expect((await pageOf(stage, end, post)).headers.get("location")).toBe(end.replace("/end", ""));
  expect(await client.rest()).toBe("421 The session was ended by an operator.\r\n");
  expect((await pageOf(stage, end, post)).status).toBe(303);
  expect((await pageOf(stage, "/reload", post)).status).toBe(303);
  expect((await pageOf(stage, "/drain", post)).text).toContain("The gateways drain");
  await until(() => done.length === 2);
  expect(done).toEqual(["reload", "drain"]);
});

test("a reload that fails says why, in a page of its own", async () => {
  const problem = "gateways: is required\nadmin.listen: <nowhere>";
  const reload = () => Promise.reject(new Error(problem));
  const stage = await setApi({}, {}, admin, { reload });
  const { status, text } = await pageOf(stage, "/reload", { method: "POST", headers: { authorization } });
  expect([status, text.includes("admin.listen: &lt;nowhere&gt;")]).toEqual([422, true]);
});

test("an action needs the token, and a page of one's own: not another's by cookie, and no session that is not kept is asked about", async () => {
  const stage = await setApi({}, {}, admin);
  for (const path of ["/reload", "/drain"]) {
    expect((await pageOf(stage, path, { method: "POST" })).status).toBe(401);
    const headers = { authorization, origin: "https://evil.example" };
    expect((await pageOf(stage, path, { method: "POST", headers })).status).toBe(403);
  }
  for (const id of ["00000000", "..%2f..%2fdrain%3f", "%22%3E"]) {
    const { status, text } = await pageOf(stage, `/sessions/${id}/end`);
    expect([status, text.includes("<form")], id).toEqual([404, false]);
  }
});

test("where no token is set the page is there and nothing on it acts", async () => {
  const stage = await setApi();
  await stage.login();
  const { status, text } = await pageOf(stage, "/", {});
  expect([status, text.includes("data-ask")]).toEqual([200, false]);
  expect((await pageOf(stage, "/drain", {})).status).toBe(403);
  expect((await pageOf(stage, "/drain", { method: "POST" })).status).toBe(403);
});

test("nothing in a page runs or is loaded from elsewhere, and style and scripts are there for the login, too", async () => {
  const stage = await setApi({}, {}, admin);
  const { headers, text } = await pageOf(stage);
  expect(headers.get("content-security-policy")).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  expect(text).not.toMatch(/ style=| on\w+=|<style|https?:|javascript:/i);
  let bytes = text.length;
  for (const [, name = ""] of text.matchAll(/"\/page\/([^"]+)"/g)) {
    const answer = await pageOf(stage, `/page/${name}`, {});
    expect([answer.status, answer.headers.get("x-content-type-options")], name).toEqual([200, "nosniff"]);
    bytes += answer.text.length;
  }
  expect(bytes).toBeLessThan(100_000);
});
