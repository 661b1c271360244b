// Driver deps: what a session is driven with, that of the gateway and its own, and what can be told it.
import type { SessionObserver, SessionSource } from "../../observe/session-observer.ts";
import type { EndReason } from "../../session/reasons.ts";
import type { SessionOptions } from "../../session/options.ts";
import type { Endpoint } from "../../net/endpoint.ts";
import type { LineFormat } from "../control/line-format.ts";
import type { ClientShare } from "../entrance/client-share.ts";
import type { Interception } from "../entrance/interception.ts";
import type { Servers } from "../servers/servers.ts";
import type { TlsOfGateway } from "./session-tls.ts";
import type { PinholeOptions } from "./session-pinholes.ts";

/** What all sessions of a gateway are driven with. */
export type DriverDeps = {
  readonly options: SessionOptions;
  readonly pinholes: PinholeOptions;
  readonly commands: LineFormat;
  readonly replies: LineFormat;
  readonly servers: Servers;
  /** So many bytes to either peer may wait for it to take them. */
  readonly bufferedBytes: number;
  /** Where TLS is terminated. */
  readonly tls: TlsOfGateway | undefined;
  /** The address to announce to the server whose control connection has this local end. */
  readonly serverAdvertise: (local: Endpoint) => string;
};

/** What a session takes of the share of its client. */
export type SessionShare = {
  readonly client: ClientShare;
  /** Resolves when it is known until when no more commands of the client may be read. */
  commandsRead(count: number): Promise<void>;
  setLoggedIn(isLoggedIn: boolean): void;
  /** The server has refused a login. */
  loginFailed(): Promise<void>;
};

/** What is one session's own. */
export type SessionDeps = {
  readonly share: SessionShare;
  /** Called once. */
  readonly observe: (source: SessionSource) => SessionObserver;
  /** On the transparent route. */
  readonly interception: Interception | undefined;
  /** Nothing more is said or done; connections are being closed. May come during `driveSession`. */
  ended(): void;
  /** Both control connections and every pinhole are closed. The last that is heard, and never during `driveSession`. */
  closed(): void;
};

export type DrivenSession = {
  drain(): void;
  stop(reason: EndReason, detail: string): void;
};
