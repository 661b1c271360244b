// Driver state: what the driver of one session knows of it, in one record whose fields are all there from the start.
import type { SessionObserver } from "../../observe/session-observer.ts";
import type { Session } from "../../session/state.ts";
import type { ControlConnection } from "../control/control-connection.ts";
import type { Attempt, Stay } from "../servers/dial-server.ts";
import type { CommandPace } from "./command-pace.ts";
import type { ControlTls } from "./control-tls.ts";
import type { DriverDeps, SessionDeps } from "./driver-deps.ts";
import type { FirstLook } from "./first-look.ts";
import type { Opaque } from "./opaque.ts";
import type { SessionPinholes } from "./session-pinholes.ts";
import type { SessionTimers } from "./session-timers.ts";

export type Driver = {
  readonly deps: DriverDeps;
  readonly own: SessionDeps;
  readonly timers: SessionTimers;
  readonly observer: SessionObserver;
  readonly client: ControlConnection;
  readonly pace: CommandPace;
  /** From the effect `connect` on, once it is connected. */
  server: ControlConnection | undefined;
  session: Session;
  /** From the effect `go-opaque` on, until both speak in clear again. */
  opaque: Opaque | undefined;
  /** From the first effect `start-tls` on. */
  tls: ControlTls | undefined;
  /** From the first effect `open` on. */
  pinholes: SessionPinholes | undefined;
  /** While a name is being resolved or a server dialled, and what ends the stay with a server of a pool. */
  attempt: Attempt | undefined;
  /** From the first server of a pool on that is connected. */
  stay: Stay | undefined;
  /** What pinholes are told once what was said is written: the client reads of a transfer, or that there is none, first. */
  readonly afterFlush: { readonly kind: "confirm" | "dismiss"; readonly id: number }[];
  /** While events are being handed over: one that comes meanwhile is stepped, and nothing else is done for it. */
  isTaking: boolean;
  readonly look: FirstLook;
  /** When a line was read whose consequence is still to be written; 0 if there is none. Monotonic milliseconds. */
  readAt: number;
  /** There were enough lines for this turn of the event loop. */
  isYielding: boolean;
  /** `breaking`: a bug of ours is ending it. `ended`: its connections are being closed. */
  state: "open" | "breaking" | "ended" | "closed";
};
