// The API in front of a gateway on loopback, asked over HTTP; every JSON answer is checked against its schema.
import { onTestFinished } from "vitest";
import type { z } from "zod";
import { createRelayPlane } from "../../../src/dataplane/relay/relay.ts";
import { createGateway } from "../../../src/gateway/gateway.ts";
import { createSharedResources } from "../../../src/gateway/shared-resources.ts";
import { createAdmin, type AdminOptions } from "../../../src/observe/admin.ts";
import { errorSchema } from "../../../src/observe/api/schemas.ts";
import { createEventFeed } from "../../../src/observe/event-feed.ts";
import { createLogger } from "../../../src/observe/log.ts";
import { createMetrics } from "../../../src/observe/metrics.ts";
import { createSessionHistory, type HistoryLimits } from "../../../src/observe/session-history.ts";
import { createTelemetry, type Telemetry } from "../../../src/observe/telemetry.ts";
import { processApi, type ProcessRequests } from "../../../src/process/process-api.ts";
import { gatewayOptions, type Overrides } from "../../gateway/start-gateway.ts";
import type { FakeServer, Script } from "../../gateway/fake-server.ts";
import { openDialogue, type Dialogue } from "../../gateway/ftp-dialogue.ts";
import { setServer } from "../../gateway/stage.ts";

const limits: HistoryLimits = { sessions: 100, failures: 100, bytesPerSession: 65_536, totalBytes: 10_000_000 };

export type ApiStage = {
  readonly server: FakeServer;
  readonly url: string;
  readonly telemetry: Telemetry;
  /** A client that has logged in. */
  login(): Promise<Dialogue>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** The answer, which has this status and this schema. */
  ask<S extends z.ZodType>(path: string, schema: S, init?: RequestInit): Promise<z.output<S>>;
  /** The error of an answer, behind its status. */
  refusal(path: string, init?: RequestInit): Promise<string>;
};

export async function setApi(
  script: Script = {},
  overrides: Overrides = {},
  admin: Partial<AdminOptions> = {},
  requests: Partial<ProcessRequests> = {},
): Promise<ApiStage> {
  const server = await setServer(script);
  const metrics = createMetrics("1.2.3");
  const feed = createEventFeed();
  const history = createSessionHistory(limits, feed);
  const logger = createLogger({ level: "fatal", format: "json" }, () => {});
  const telemetry = createTelemetry({ metrics, logger, history, feed });
  const plane = createRelayPlane();
  const gateway = createGateway(gatewayOptions(server.port, overrides), {
    plane,
    telemetry: telemetry.gateway("test"),
    shared: createSharedResources(),
  });
  const [entrance] = await gateway.start();
  const isReady = (): boolean => gateway.isReady();
  const gateways = { facts: () => [gateway.facts()], endSession: gateway.endSession };
  const api = processApi({
    ...{ version: "1.2.3", metrics, history, feed, telemetry, gateways, isReady },
    isStopping: () => false,
    requests: { reload: async () => {}, drain() {}, ...requests },
  });
  const listener = createAdmin({ listen: { address: "127.0.0.1", port: 0 }, metrics, isReady, api, ...admin });
  const url = `http://127.0.0.1:${(await listener.start()).port}`;
  onTestFinished(async () => {
    await listener.stop();
    await gateway.stop();
    await plane.stop();
  });
  return {
    server,
    url,
    telemetry,
    async login() {
      const client = await openDialogue(entrance?.port ?? 0);
      onTestFinished(() => client.close());
      await client.login();
      return client;
    },
    fetch: (path, init) => fetch(url + path, init),
    async ask(path, schema, init) {
      const answer = await fetch(url + path, init);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${answer.status} ${text}`);
      return schema.parse(JSON.parse(text));
    },
    async refusal(path, init) {
      const answer = await fetch(url + path, init);
      return `${answer.status} ${errorSchema.parse(await answer.json()).error}`;
    },
  };
}
