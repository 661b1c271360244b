// Schemas of the API's answers: the one source of their types, of openapi.json and of the test that checks each answer. Keys are
// camelCase with the unit in the name; times are ISO 8601 in UTC; what is not known is left out.
import { z } from "zod";
import { planeNames, sides } from "../../dataplane/pinhole.ts";
import { tlsVersions } from "../../net/tls.ts";
import { causes, hops } from "../../session/diagnosis.ts";
import { directions, transferOutcomes } from "../../session/facts.ts";
import { modes } from "../../session/mode.ts";
import { endReasons, refusalReasons } from "../../session/reasons.ts";

/** What has a name of its own in openapi.json. */
export const components = z.registry<{ id: string }>();

const time = z.iso.datetime();
const count = z.int().min(0);
const milliseconds = z.number().min(0);
const endpoint = z.string().describe("A literal address and a port: 192.0.2.1:21, [2001:db8::1]:21");

export const failureSchema = z
  .strictObject({
    hop: z.enum(hops),
    cause: z.enum(causes),
    sentence: z.string().describe("What failed, for people"),
    advice: z.string().describe("What to do"),
  })
  .register(components, { id: "Failure" });

export const transferStates = ["waiting", "running", "ended"] as const;

export const transferSchema = z
  .strictObject({
    id: count.describe("Of its data connection, within its session"),
    verb: z.string(),
    path: z.string().describe("The argument of the transfer command as it was sent to the server"),
    direction: z.enum(directions),
    state: z.enum(transferStates),
    plane: z.enum(planeNames).optional(),
    clientMode: z.enum(modes).optional(),
    serverMode: z.enum(modes).optional(),
    clientTls: z.enum(tlsVersions).optional().describe("Of the client's leg, where it is under TLS"),
    serverTls: z.enum(tlsVersions).optional(),
    startedAt: time.optional().describe("When both ends were connected"),
    endedAt: time.optional(),
    durationMs: milliseconds.describe("Since startedAt, to endedAt or now"),
    bytesUp: count.describe("From the client to the server"),
    bytesDown: count.describe("From the server to the client"),
    bytesPerSecond: z.number().min(0).describe("Of late while it runs, on the whole once it has ended"),
    sizeBytes: count.optional().describe("As the server has said it, while it runs"),
    progress: z.number().min(0).max(1).optional().describe("The share of sizeBytes"),
    outcome: z.enum(transferOutcomes).optional(),
    detail: z.string().optional(),
  })
  .register(components, { id: "Transfer" });

const pinholeSide = z
  .strictObject({
    kind: z.enum(["listen", "dial"]),
    endpoint: endpoint.optional().describe("Where the gateway listens, or where it connects to"),
    peer: z.string().optional().describe("Whose connection is expected"),
  })
  .register(components, { id: "PinholeSide" });

export const pinholeSchema = z
  .strictObject({
    id: count,
    plane: z.enum(planeNames),
    requestedAt: time,
    client: pinholeSide,
    server: pinholeSide,
  })
  .register(components, { id: "Pinhole" });

const controlTls = z.strictObject({
  version: z.enum(tlsVersions),
  cipher: z.string(),
  resumed: z.boolean(),
  name: z.string().optional().describe("That the client has asked for, or that the server's certificate is for"),
  peer: z.string().optional().describe("The subject of the peer's certificate"),
});

export const sessionStates = ["live", "ended"] as const;

const session = z.strictObject({
  id: z.string(),
  gateway: z.string(),
  state: z.enum(sessionStates),
  client: endpoint,
  listener: endpoint.describe("Where the client has connected to"),
  server: endpoint.optional(),
  user: z.string().optional(),
  isLoggedIn: z.boolean(),
  startedAt: time,
  endedAt: time.optional(),
  durationMs: milliseconds,
  end: z.strictObject({ reason: z.enum(endReasons), detail: z.string() }).optional(),
  failure: failureSchema.optional(),
  failedAt: time.optional(),
  refusals: count.describe("How often the gateway has answered no"),
  tls: z
    .strictObject({ client: controlTls.optional(), server: controlTls.optional() })
    .optional()
    .describe("Of the control connections that are under TLS"),
  opaque: z
    .strictObject({ isNow: z.boolean(), bytesUp: count, bytesDown: count })
    .optional()
    .describe(
      "TLS between client and server has passed through: whether it does still, and its bytes of control connections",
    ),
  transferCount: count.describe("Transfers that have ended"),
  bytesUp: count.describe("Of all its data connections so far"),
  bytesDown: count,
  running: z.array(transferSchema).describe("Transfers that wait for their data connection or carry data"),
});

/** As one of a list. */
export const sessionSchema = session.register(components, { id: "Session" });

/** Everything known, but for the trace. */
export const sessionDetailSchema = z
  .strictObject({
    ...session.shape,
    transfers: z.array(transferSchema).describe("Those that are kept, the oldest first"),
    transfersLeftOut: count.describe("Older data connections that are not kept any more"),
    pinholes: z.array(pinholeSchema).describe("Those that are open"),
    stepsLeftOut: count.describe("Steps at the beginning of the trace that are not kept any more"),
  })
  .register(components, { id: "SessionDetail" });

export const sessionsSchema = z
  .strictObject({
    sessions: z.array(sessionSchema).describe("Those that began last first"),
    next: z.string().optional().describe("There are more: ask again with before= this id"),
  })
  .register(components, { id: "Sessions" });

const ports = z.strictObject({ free: count, open: count, resting: count });

const poolServer = z
  .strictObject({ name: z.string(), up: z.boolean().describe("It gets sessions"), sessions: count })
  .describe("Of a pool");

const gatewayStatus = z
  .strictObject({
    name: z.string(),
    listeners: z.array(endpoint),
    route: z.strictObject({
      kind: z.enum(["fixed", "pool", "login", "transparent"]),
      server: z.string().optional(),
      servers: z.array(poolServer).optional(),
    }),
    dataPlane: z.enum(planeNames).optional().describe("That is tried first"),
    missingPlanes: z
      .array(z.strictObject({ plane: z.enum(planeNames), why: z.string() }))
      .describe(
        "That the configuration names, or that worked before, and that can't be used now; the next one carries",
      ),
    sessions: count.describe("That are open"),
    sessionsLimit: count,
    transfers: count.describe("That carry data"),
    pinholes: z.strictObject({ client: count, server: count }).describe("That are open, by the side that listens"),
    dataPorts: z.strictObject({ client: ports.optional(), server: ports.optional() }),
    bans: count.describe("Clients that are banned"),
    totals: z
      .strictObject({
        sessions: z.partialRecord(z.enum(endReasons), count),
        transfers: z.partialRecord(z.enum(transferOutcomes), count),
        refusals: z.partialRecord(z.enum(refusalReasons), count),
        failures: z.array(z.strictObject({ hop: z.enum(hops), cause: z.enum(causes), count })),
        strangers: z.partialRecord(z.enum(sides), count),
        bytesUp: count,
        bytesDown: count,
      })
      .describe("Since the process started; what is 0 is left out"),
  })
  .register(components, { id: "GatewayStatus" });

export const statusSchema = z
  .strictObject({
    version: z.string(),
    startedAt: time,
    uptimeMs: milliseconds,
    state: z.enum(["running", "draining"]),
    ready: z.boolean().describe("As /readyz"),
    lastReload: z.strictObject({ at: time, result: z.enum(["success", "failure"]), detail: z.string() }).optional(),
    history: z.strictObject({
      live: count.describe("Sessions that run"),
      ended: count.describe("Kept sessions that have ended well"),
      failed: count.describe("Kept sessions that have failed"),
      bytes: count.describe("What is kept takes, an estimate"),
    }),
    gateways: z.array(gatewayStatus),
  })
  .register(components, { id: "Status" });

export const reloadedSchema = z.strictObject({ result: z.literal("success") }).register(components, { id: "Reloaded" });
export const drainingSchema = z.strictObject({ state: z.literal("draining") }).register(components, { id: "Draining" });
export const endedSchema = z
  .strictObject({ id: z.string(), state: z.literal("ended") })
  .register(components, { id: "Ended" });

export const errorSchema = z.strictObject({ error: z.string() }).register(components, { id: "Error" });

const whose = {
  at: time,
  session: z.string(),
  gateway: z.string(),
  client: endpoint,
  user: z.string().optional(),
};

/** The data of a server-sent event; its `kind` is the event's name. */
export const eventSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("session-started"), ...whose, listener: endpoint }),
    z.strictObject({
      kind: z.literal("session-ended"),
      ...whose,
      end: session.shape.end,
      failed: z.boolean(),
      durationMs: milliseconds,
      transferCount: count,
      bytesUp: count,
      bytesDown: count,
    }),
    z.strictObject({ kind: z.literal("transfer-started"), ...whose, transfer: transferSchema }),
    z.strictObject({ kind: z.literal("transfer-ended"), ...whose, transfer: transferSchema }),
    z.strictObject({ kind: z.literal("failure"), ...whose, failure: failureSchema }),
    z
      .strictObject({
        kind: z.literal("refusal"),
        ...whose,
        session: z.string().optional(),
        reason: z.enum(refusalReasons),
        detail: z.string(),
      })
      .describe("Without a session: a connection that was turned away"),
    z
      .strictObject({
        kind: z.enum(["server-up", "server-down"]),
        at: time,
        gateway: z.string(),
        server: z.string().describe("As it is configured"),
        detail: z.string().describe("What it failed with, or empty"),
      })
      .describe("A server of a pool gets sessions again, or none any more"),
    z.strictObject({
      kind: z.literal("reload"),
      at: time,
      result: z.enum(["success", "failure"]),
      detail: z.string(),
    }),
  ])
  .register(components, { id: "Event" });

export type EventAnswer = z.infer<typeof eventSchema>;
export type FailureAnswer = z.infer<typeof failureSchema>;
export type TransferAnswer = z.infer<typeof transferSchema>;
export type PinholeAnswer = z.infer<typeof pinholeSchema>;
export type SessionAnswer = z.infer<typeof sessionSchema>;
export type SessionDetailAnswer = z.infer<typeof sessionDetailSchema>;
export type StatusAnswer = z.infer<typeof statusSchema>;
export type GatewayStatusAnswer = z.infer<typeof gatewayStatus>;
