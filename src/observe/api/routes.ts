// Routes of the admin listener, described: what is asked for, what is answered, and which answers say that something is wrong.
import { z } from "zod";
import { probeQuerySchema } from "./probe-query.ts";
import {
  drainingSchema,
  endedSchema,
  reloadedSchema,
  eventSchema,
  sessionDetailSchema,
  sessionsSchema,
  statusSchema,
} from "./schemas.ts";
import { listQuerySchema } from "./session-list.ts";
import { traceFormats, traceQuerySchema } from "./trace-formats.ts";

export type Route = {
  readonly method: "get" | "post";
  /** As OpenAPI has it: `/api/sessions/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  /** Fields of a form. */
  readonly form?: z.ZodObject;
  /** Of the answer 200: a schema, the media types of a text, or events with data of this schema. `redirect`: 303, and where to. */
  readonly answer: z.ZodType | readonly string[] | { readonly events: z.ZodType } | { readonly redirect: string };
  /** Answers with { error } below /api, with the media type `failure` elsewhere. */
  readonly errors: readonly number[];
  readonly failure?: string;
  /** Asks for no token. */
  readonly isOpen?: boolean;
};

const text = { failure: "text/plain" } as const;
const page = { failure: "text/html" } as const;
const html = ["text/html"] as const;

/** All that is served, but for what the page itself loads from /page/. */
export const routes: readonly Route[] = [
  {
    ...{ method: "get", path: "/metrics", ...text, errors: [] },
    summary: "Metrics for Prometheus; OpenMetrics and gzip where they are asked for",
    answer: ["text/plain", "application/openmetrics-text"],
  },
  {
    ...{ method: "get", path: "/probe", ...text, errors: [400, 404, 503] },
    summary: "Logs in through a gateway and transfers, as probe.* says; what became of it as metrics for Prometheus",
    query: probeQuerySchema,
    answer: ["text/plain"],
  },
  {
    ...{ method: "get", path: "/healthz", ...text, errors: [], isOpen: true },
    summary: "The process answers",
    answer: ["text/plain"],
  },
  {
    ...{ method: "get", path: "/readyz", ...text, errors: [503], isOpen: true },
    summary: "The gateways listen, and the process is not ending",
    answer: ["text/plain"],
  },
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
  { ...{ method: "get", path: "/", ...page, errors: [] }, summary: "The status page", answer: html },
  {
    ...{ method: "get", path: "/sessions", ...page, errors: [400] },
    summary: "The page of sessions",
    query: listQuerySchema,
    answer: html,
  },
  {
    ...{ method: "get", path: "/sessions/{id}", ...page, errors: [404] },
    summary: "The page of one session, with its ladder",
    query: z.object({ transfer: z.string().optional().describe("Its ladder begins with this transfer") }),
    answer: html,
  },
  {
    ...{ method: "get", path: "/sessions/{id}/end", ...page, errors: [403, 404] },
    summary: "Asks whether to end a session",
    answer: html,
  },
  {
    ...{ method: "post", path: "/sessions/{id}/end", ...page, errors: [403, 404] },
    summary: "Ends a session now",
    answer: { redirect: "/sessions/{id}" },
  },
  { ...{ method: "get", path: "/reload", ...page, errors: [403] }, summary: "Asks whether to reload", answer: html },
  {
    ...{ method: "post", path: "/reload", ...page, errors: [403, 422] },
    summary: "Reads the configuration again",
    answer: { redirect: "/" },
  },
  { ...{ method: "get", path: "/drain", ...page, errors: [403] }, summary: "Asks whether to drain", answer: html },
  {
    ...{ method: "post", path: "/drain", ...page, errors: [403] },
    summary: "Accepts no more; the process ends when the last session has",
    answer: html,
  },
  {
    ...{ method: "get", path: "/login", ...page, errors: [], isOpen: true },
    summary: "The form for the token",
    answer: html,
  },
  {
    ...{ method: "post", path: "/login", ...page, errors: [401, 429], isOpen: true },
    summary: "A cookie for a browser in exchange for the token",
    form: z.object({ token: z.string() }),
    answer: { redirect: "/" },
  },
];
