import { expect, test } from "vitest";
import {
  drainingSchema,
  endedSchema,
  reloadedSchema,
  sessionDetailSchema,
  sessionsSchema,
} from "../../../src/observe/api/schemas.ts";
import { until } from "../../gateway/stage.ts";
import { setApi } from "./api-stage.ts";

const token = "correct horse battery".replaceAll(" ", "-");
const post = { method: "POST", headers: { authorization: `Bearer ${token}` } };
const admin = { token: () => token };

test("POST /api/sessions/ID/end ends a session at once; its client is told by whom", async () => {
  const stage = await setApi({}, {}, admin);
  const client = await stage.login();
  const { sessions } = await stage.ask("/api/sessions", sessionsSchema, { headers: post.headers });
  const id = sessions[0]?.id ?? "";
  expect(await stage.ask(`/api/sessions/${id}/end`, endedSchema, post)).toEqual({ id, state: "ended" });
  expect(await client.rest()).toBe("421 The session was ended by an operator.\r\n");
  const detail = await stage.ask(`/api/sessions/${id}`, sessionDetailSchema, { headers: post.headers });
  expect(detail).toMatchObject({ state: "ended", end: { reason: "ended-by-operator" } });
  await until(async () => (await stage.refusal(`/api/sessions/${id}/end`, post)).startsWith("409 "));
  expect(await stage.refusal("/api/sessions/00000000/end", post)).toBe("404 no session 00000000 is kept");
});

test("POST /api/reload answers once the new configuration holds, or with what is wrong with it", async () => {
  let problem: string | undefined;
  const reload = async () => {
    if (problem !== undefined) throw new Error(problem);
  };
  const stage = await setApi({}, {}, admin, { reload });
  expect(await stage.ask("/api/reload", reloadedSchema, post)).toEqual({ result: "success" });
  problem = "gateways: is required";
  expect(await stage.refusal("/api/reload", post)).toBe("422 gateways: is required");
});

test("POST /api/drain is answered before the process drains", async () => {
  const order: string[] = [];
  const stage = await setApi({}, {}, admin, { drain: () => void order.push("drain") });
  expect(await stage.ask("/api/drain", drainingSchema, post)).toEqual({ state: "draining" });
  await until(() => order.length > 0);
  expect(order).toEqual(["drain"]);
});

test("where no token is set nobody acts, though everybody may read", async () => {
  const stage = await setApi();
  for (const path of ["/api/reload", "/api/drain", "/api/sessions/1/end"]) {
    expect(await stage.refusal(path, { method: "POST" })).toBe("403 actions need admin.token to be set");
  }
});

test("an action is asked for by POST alone, and nothing else takes a POST", async () => {
  const stage = await setApi({}, {}, admin);
  for (const path of ["/api/reload", "/api/drain", "/api/sessions/1/end"]) {
    expect((await stage.fetch(path, { headers: post.headers })).status, path).toBe(404);
  }
  for (const path of ["/", "/metrics", "/api/status", "/api/sessions", "/healthz"]) {
    expect((await stage.fetch(path, post)).status, path).toBe(405);
  }
});
