// OpenAPI: the description of what the admin listener serves, for programs, made from the schemas of its answers.
import { z } from "zod";
import { routes, type Route } from "./routes.ts";
import { components, errorSchema } from "./schemas.ts";

const reference = (id: string): string => `#/components/schemas/${id}`;

/** OpenAPI 3.1. */
export function openApiDocument(version: string): object {
  const { schemas } = z.toJSONSchema(components, { uri: reference });
  return {
    openapi: "3.1.0",
    info: { title: "ftp-alg", version },
    paths: Object.fromEntries(
      [...new Set(routes.map(({ path }) => path))].map((path) => [
        path,
        Object.fromEntries(
          routes.filter((route) => route.path === path).map((route) => [route.method, operation(route)]),
        ),
      ]),
    ),
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutDialect(schema)])),
    },
  };
}

function operation({ path, summary, query, form, answer, errors, failure, isOpen }: Route): object {
  const wrong = failure === undefined ? { "application/json": { schema: schemaOf(errorSchema) } } : text(failure);
  const statuses = isOpen ? errors : [401, 429, ...errors];
  return {
    summary,
    parameters: [...pathParameters(path), ...(query ? queryParameters(query) : [])],
    ...(form && { requestBody: { content: { "application/x-www-form-urlencoded": { schema: schemaOf(form) } } } }),
    responses: {
      ...("redirect" in answer
        ? { 303: { description: `See ${answer.redirect}` } }
        : { 200: { description: summary, content: contentOf(answer) } }),
      ...Object.fromEntries(statuses.map((status) => [status, { description: "What is wrong", content: wrong }])),
    },
  };
}

const text = (type: string): object => ({ [type]: { schema: { type: "string" } } });

function contentOf(answer: Route["answer"]): object {
  if (Array.isArray(answer)) return Object.assign({}, ...answer.map(text)) as object;
  if (answer instanceof z.ZodType) return { "application/json": { schema: schemaOf(answer) } };
  // OpenAPI 3.1 has no word for events: the schema is that of the data of each.
  return "events" in answer ? { "text/event-stream": { schema: schemaOf(answer.events) } } : {};
}

function schemaOf(schema: z.ZodType): object {
  const known = components.get(schema);
  return known ? { $ref: reference(known.id) } : withoutDialect(z.toJSONSchema(schema));
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: z.ZodObject): object[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: "input" });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

/** OpenAPI 3.1 has a dialect of its own, and names places by itself. */
function withoutDialect({ $schema: _, $id: __, ...schema }: Record<string, unknown>): object {
  return schema;
}
