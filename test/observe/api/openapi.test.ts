import { expect, test } from "vitest";
import { z } from "zod";
import { adminApp } from "../../../src/observe/admin.ts";
import type { ApiDeps } from "../../../src/observe/api/api.ts";
import { openApiDocument } from "../../../src/observe/api/openapi.ts";
import { routes } from "../../../src/observe/api/routes.ts";
import { createMetrics } from "../../../src/observe/metrics.ts";
import { setApi } from "./api-stage.ts";

/** `get /api/sessions/{id}` of each handler of the listener, but for those that catch the rest, and what the page loads. */
function served(): string[] {
  const app = adminApp({
    listen: { address: "127.0.0.1", port: 0 },
    metrics: createMetrics("1.2.3"),
    isReady: () => true,
    probe: async () => ({ status: 200, text: "" }),
    api: {} as ApiDeps,
  });
  return app.routes
    .filter(({ path }) => !path.endsWith("*") && !path.startsWith("/page/"))
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
}

test("each route of the admin listener is described, and each that is described is served", () => {
  expect(routes.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(served().toSorted());
});

test("a probe is described with what stands behind its question mark, and asks for the token as the API does", () => {
  const { paths } = JSON.parse(JSON.stringify(openApiDocument("1.2.3"))) as {
    paths: Record<string, { get: { parameters: object[]; responses: Record<string, { content: object }> } }>;
  };
  const { parameters, responses } = paths["/probe"]!.get;
  expect(parameters).toMatchObject([
    { name: "gateway", in: "query", required: true },
    { name: "mode", in: "query", required: false, schema: { enum: expect.arrayContaining(["passive", "epsv"]) } },
  ]);
  expect(Object.keys(responses)).toEqual(["200", "400", "401", "404", "429", "503"]);
  expect(responses["200"]!.content).toEqual({ "text/plain": { schema: { type: "string" } } });
  expect(Object.keys(paths["/healthz"]!.get.responses)).toEqual(["200"]);
});

test("every reference leads to a schema of the description, and each schema is used", () => {
  const text = JSON.stringify(openApiDocument("1.2.3"));
  const { components } = JSON.parse(text) as { components: { schemas: Record<string, unknown> } };
  const used = new Set([...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name = ""]) => name));
  expect([...used].toSorted()).toEqual(Object.keys(components.schemas).toSorted());
  expect(text).not.toContain('"$ref":"#/$defs');
});

test("/api/openapi.json is the description, with the version of the program", async () => {
  const { ask } = await setApi();
  const document = await ask("/api/openapi.json", z.looseObject({ openapi: z.string(), info: z.unknown() }));
  expect(document).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" } });
  expect(document).toEqual(JSON.parse(JSON.stringify(openApiDocument("1.2.3"))));
});
