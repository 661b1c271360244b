import { expect, test } from "vitest";
import { z } from "zod";
import { apiRoutes, openApiDocument } from "../../../src/observe/api/openapi.ts";
import { createApi, type ApiDeps } from "../../../src/observe/api/api.ts";
import { setApi } from "./api-stage.ts";

/** `get /api/sessions/{id}` of each handler. */
function served(): string[] {
  const { routes } = createApi({} as ApiDeps);
  return routes
    .filter(({ path }) => path !== "/*")
    .map(({ method, path }) => `${method.toLowerCase()} /api${path.replaceAll(/:(\w+)/g, "{$1}")}`);
}

test("each route that is served is described, and each that is described is served", () => {
  expect(apiRoutes.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(served().toSorted());
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
