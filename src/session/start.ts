// Session start: the first state of a session, and what is done first.
import { formatReply } from "../ftp/reply.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { SessionEffect } from "./events.ts";
import { startClientTls } from "./client-tls.ts";
import { resolveServer } from "./login.ts";
import type { ClientOptions, Route, SessionOptions } from "./options.ts";
import { poolTarget } from "./pool-route.ts";
import { inClear } from "./security-state.ts";
import type { ControlSide, Session, Target } from "./state.ts";
import { emit, passReply, type Work } from "./work.ts";

/** A client that has connected, and what holds for it alone. */
export type NewClient = ClientOptions & {
  readonly client: ControlSide;
  /** It has come to a listener where TLS begins with the first byte. */
  readonly isImplicit?: boolean;
  /** The server that it meant to reach, on the transparent route; absent: the local end of its connection. */
  readonly intended?: Endpoint | undefined;
};

/** The first state of a session, and what is to be done first, in order. */
export function startSession(
  options: SessionOptions,
  { client, intended = client.local, isImplicit = false, ...clientOptions }: NewClient,
): readonly [Session, readonly SessionEffect[]] {
  const { route, timeouts } = options;
  const work: Work = {
    session: {
      options,
      clientOptions,
      client,
      phase: { name: "choosing" },
      security: inClear,
      clientState: "silent",
      serverLeaving: undefined,
      serverRejects: [],
      outstanding: [],
      nextTicket: 1,
      openReply: undefined,
      negotiation: undefined,
      owesAnnouncement: false,
      pending: undefined,
      standing: undefined,
      transfers: [],
      nextId: 1,
      held: undefined,
      badLines: 0,
      heldClient: [],
      blankLines: 0,
      heldServer: [],
      passthrough: isImplicit && options.tls?.kind === "passthrough" ? "implicit" : undefined,
      user: "",
      policy: clientOptions.policy,
      nextPolicy: undefined,
      loggedIn: false,
      epsvAll: false,
      algsDisabled: false,
      quitAnswered: false,
      draining: false,
      failure: undefined,
    },
    effects: [],
  };
  emit(work, { kind: "timer", timer: "login", ms: timeouts.loginMs });
  const target = knownServer(route, intended);
  if (isImplicit && options.tls?.kind === "terminate") startClientTls(work, "", { kind: "begin", target });
  else begin(work, target);
  return [work.session, work.effects];
}

/** The client is there, under TLS where it has to be: its server is looked for, or it is asked for one. */
export function begin(work: Work, target: Target | undefined): void {
  if (target !== undefined) resolveServer(work, target);
  else {
    emit(work, { kind: "timer", timer: "idle", ms: work.session.options.timeouts.idleMs });
    const asks = work.session.options.route.kind === "login" ? "; log in as user@host" : "";
    passReply(work, 220, formatReply(220, `FTP gateway ready${asks}.`));
  }
}

/** The server that is known before the client has said anything; undefined where the client names it. */
function knownServer(route: Route, intended: Endpoint): Target | undefined {
  switch (route.kind) {
    case "fixed":
      return { host: route.host, port: route.port, user: undefined };
    case "pool":
      return route.choice === undefined ? { ...poolTarget, user: undefined } : undefined;
    case "login":
      return undefined;
    case "transparent":
      return { host: intended.address, port: intended.port, user: undefined };
  }
}
