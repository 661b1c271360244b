// Protocol between a supervisor and its workers: what each may ask of the other.
import type { Config } from "../../config/config.ts";
import type { SharedVerdict } from "../../gateway/entrance/shared-counts.ts";
import type { Endpoint } from "../../net/endpoint.ts";
import type { EventAnswer, StatusAnswer } from "../../observe/api/schemas.ts";
import type { GatewayFacts } from "../../observe/api/status-answer.ts";
import type { MetricFamily } from "../../observe/metric-families.ts";
import type { Condition } from "../../observe/readiness.ts";
import type { SessionReader } from "../../observe/session-reader.ts";
import type { TicketKeys } from "../../tls/ticket-keys.ts";

/** What a worker is, as long as it lives. `foreign`: where others of this program listen, and nothing here may dial. */
export type WorkerBeginning = {
  readonly index: number;
  readonly foreign: readonly Endpoint[];
  readonly isHeard: boolean;
  readonly ticketKeys: TicketKeys;
};

export type WorkerFacts = {
  readonly isReady: boolean;
  readonly history: StatusAnswer["history"];
  readonly gateways: readonly GatewayFacts[];
  /** Of what it needs besides. */
  readonly conditions: readonly Condition[];
};

/** Of a worker. */
export type WorkerCalls = SessionReader & {
  /** A socket that is bound there, for a gateway that is to listen. */
  takeSocket(endpoint: Endpoint, handle?: unknown): void;
  /** `config`: its own slice, without `admin`. Rejects with an Error that says what could not be started. */
  start(config: Config, beginning: WorkerBeginning): Promise<void>;
  /** Rejects with an Error, and nothing has changed; `commit` or `rollback` follows. */
  prepare(config: Config): Promise<void>;
  commit(): void;
  rollback(): void;
  addForeign(endpoint: Endpoint): void;
  removeForeign(endpoint: Endpoint): void;
  families(): Promise<readonly MetricFamily[]>;
  facts(): WorkerFacts;
  /** Whether it is to tell what happens. */
  hear(isHeard: boolean): void;
  setTicketKeys(keys: TicketKeys): void;
  /** By server, the sessions that the other workers have there. */
  setElsewhere(gateway: string, sessions: ReadonlyMap<string, number>): void;
  reopenLogs(): Promise<void>;
  drain(): Promise<void>;
  /** Ends what is left, and then itself. */
  stop(): Promise<void>;
};

/** Of the supervisor. */
export type SupervisorCalls = {
  happened(event: EventAnswer): void;
  admit(gateway: string, client: string): Promise<SharedVerdict>;
  left(gateway: string, client: string): void;
  loginFailed(gateway: string, client: string): Promise<number>;
  setServerSessions(gateway: string, server: string, sessions: number): void;
};
