// OpenAPI: the description of the API for programs, made from the schemas of its answers.
import { z } from "zod";
import {
  drainingSchema,
  endedSchema,
  reloadedSchema,
  components,
  errorSchema,
  eventSchema,
  sessionDetailSchema,
  sessionsSchema,
  statusSchema,
} from "./schemas.ts";
import { listQuerySchema } from "./session-list.ts";
import { traceFormats, traceQuerySchema } from "./trace-formats.ts";

export type ApiRoute = {
  readonly method: "get" | "post";
  /** As OpenAPI has it: `/api/sessions/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  /** Of the answer 200: a schema, the media types of a text, or events with data of this schema. */
  readonly answer: z.ZodType | readonly string[] | { readonly events: z.ZodType };
  /** Of the answers with { error }. */
  readonly errors: readonly number[];
};

export const apiRoutes: readonly ApiRoute[] = [
  { method: "get", path: "/api/status", summary: "Gateways and what they count", answer: statusSchema, errors: [] },
  {
    method: "get",
    path: "/api/sessions",
    summary: "Sessions, those that began last first",
    query: listQuerySchema,
    answer: sessionsSchema,
    errors: [400, 404],
  },
  {
    method: "get",
    path: "/api/sessions/{id}",
    summary: "All that is known of one session",
    answer: sessionDetailSchema,
    errors: [404],
  },
  {
    method: "get",
    path: "/api/sessions/{id}/trace",
    summary: "What was said in a session, and what became of it",
    query: traceQuerySchema,
    answer: [...new Set(Object.values(traceFormats).map(({ contentType }) => contentType))],
    errors: [400, 404],
  },
  {
    method: "get",
    path: "/api/events",
    summary: "What happens, as it happens",
    answer: { events: eventSchema },
    errors: [503],
  },
  {
    method: "post",
    path: "/api/reload",
    summary: "Reads the configuration again",
    answer: reloadedSchema,
    errors: [403, 422],
  },
  {
    method: "post",
    path: "/api/drain",
    summary: "Accepts no more; the process ends when the last session has",
    answer: drainingSchema,
    errors: [403],
  },
  {
    method: "post",
    path: "/api/sessions/{id}/end",
    summary: "Ends a session now",
    answer: endedSchema,
    errors: [403, 404, 409],
  },
  {
    method: "get",
    path: "/api/openapi.json",
    summary: "This description",
    answer: z.record(z.string(), z.unknown()),
    errors: [],
  },
];

const reference = (id: string): string => `#/components/schemas/${id}`;

/** OpenAPI 3.1. */
export function openApiDocument(version: string): object {
  const { schemas } = z.toJSONSchema(components, { uri: reference });
  return {
    openapi: "3.1.0",
    info: { title: "ftp-alg", version },
    paths: Object.fromEntries(
      [...new Set(apiRoutes.map(({ path }) => path))].map((path) => [
        path,
        Object.fromEntries(
          apiRoutes.filter((route) => route.path === path).map((route) => [route.method, operation(route)]),
        ),
      ]),
    ),
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutDialect(schema)])),
    },
  };
}

function operation({ path, summary, query, answer, errors }: ApiRoute): object {
  const failure = { description: "What is wrong", content: { "application/json": { schema: schemaOf(errorSchema) } } };
  return {
    summary,
    parameters: [...pathParameters(path), ...(query ? queryParameters(query) : [])],
    responses: {
      200: { description: summary, content: contentOf(answer) },
      ...Object.fromEntries([401, 429, ...errors].map((status) => [status, failure])),
    },
  };
}

function contentOf(answer: ApiRoute["answer"]): object {
  if (Array.isArray(answer)) return Object.fromEntries(answer.map((type) => [type, { schema: { type: "string" } }]));
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
  const { properties = {} } = z.toJSONSchema(query, { io: "input" });
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", schema }));
}

/** OpenAPI 3.1 has a dialect of its own, and names places by itself. */
function withoutDialect({ $schema: _, $id: __, ...schema }: Record<string, unknown>): object {
  return schema;
}
