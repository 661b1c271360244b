// Conversation of a probe: what it has heard so far, and the few ways in which its script waits for more.
import { readReplyLine } from "../ftp/reply.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { TlsCause } from "../net/tls.ts";
import {
  problem,
  type ProbeAsk,
  type ProbeConnection,
  type ProbeEvent,
  type ProbeProblem,
  type ProbeSecured,
  type StepResult,
} from "./report.ts";

/** A part of what a probe does: it yields what is to be done now, and goes on when something has happened. */
export type Script<T> = Generator<readonly ProbeAsk[], T, void>;

/** `text` is code and words in one line. */
export type Reply = { readonly code: number; readonly text: string };

/** What is known of a data connection. */
export type ProbedData = {
  /** Where the probe waits for it. */
  listening: Endpoint | undefined;
  isConnected: boolean;
  end: DataEnd | undefined;
  tls: ProbedTls | undefined;
};

/** What has become of a handshake. */
export type ProbedTls = ProbeSecured | { readonly cause: TlsCause; readonly why: string };

export type DataEnd = { readonly why?: string; readonly received: string; readonly bytes: number };

export type Conversation = {
  /** The moment of the last event, monotonic milliseconds. */
  at: number;
  /** Both ends of the control connection, once it is made. */
  local: Endpoint | undefined;
  remote: Endpoint | undefined;
  /** The endpoint of the data connection, told to one by the other. */
  announced: Endpoint | undefined;
  data: ProbedData;
  /** Of the control connection. */
  tls: ProbedTls | undefined;
  /** Data connections are under TLS. */
  isProtected: boolean;
  /** PROT has been said and taken. */
  hasProt: boolean;
  isLoggedIn: boolean;
  take(event: ProbeEvent, at: number): void;
  isOpen(): boolean;
  hasReply(): boolean;
  /** Adds to what is to be done next. */
  want(ask: ProbeAsk): void;
  /** Goes on when there is what is looked for; undefined once there never will be. */
  until<T>(look: () => T | undefined): Script<T | undefined>;
  /** The next reply; undefined if none comes. */
  reply(): Script<Reply | undefined>;
  /** Sends a command; the next reply. */
  ask(line: string): Script<Reply | undefined>;
  /** What the step failed at for which nothing more was heard. */
  lost(kind: ProbeProblem, what: string): StepResult;
};

/** The words of a reply are for people. */
const mostWords = 300;

/** Nobody honest says more before it is asked again; what comes beyond is not heard. */
const mostReplies = 100;

export function createConversation(silenceMs: number, startedAt: number): Conversation {
  const replies = collectReplies();
  let closed: { readonly why?: string } | undefined;
  let isTimedOut = false;
  let asks: ProbeAsk[] = [];

  function* until<T>(look: () => T | undefined): Script<T | undefined> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (isTimedOut || closed !== undefined) return undefined;
      const now = asks;
      asks = [];
      yield now;
    }
  }

  const talk: Conversation = {
    ...{ at: startedAt, local: undefined, remote: undefined, announced: undefined, data: newData() },
    ...{ tls: undefined, isProtected: false, hasProt: false, isLoggedIn: false },
    take(event, at) {
      talk.at = at;
      if (event.kind === "closed") closed ??= event;
      else if (event.kind === "timed-out") isTimedOut = true;
      else if (event.kind === "line") replies.take(event.text);
      else note(talk, event);
    },
    isOpen: () => talk.remote !== undefined && closed === undefined && !isTimedOut,
    hasReply: replies.hasNext,
    want: (ask) => void asks.push(ask),
    until,
    reply: () => until(replies.next),
    *ask(line) {
      asks.push({ kind: "send", line });
      return yield* until(replies.next);
    },
    lost(kind, what) {
      if (closed === undefined) return problem(kind, `${what} within ${silenceMs / 1000} s`);
      if (talk.remote === undefined) return problem("not-connected", `${what}: ${closed.why ?? "closed"}`);
      return problem("closed", `${what}: the control connection was ${closed.why ?? "closed"}`);
    },
  };
  return talk;
}

/** For which nothing has happened yet. */
export function newData(): ProbedData {
  return { listening: undefined, isConnected: false, end: undefined, tls: undefined };
}

function note(talk: Conversation, event: Exclude<ProbeEvent, { kind: "closed" | "timed-out" | "line" }>): void {
  switch (event.kind) {
    case "connected":
      talk.local = event.local;
      talk.remote = event.remote;
      break;
    case "listening":
      talk.data.listening = event.endpoint;
      break;
    case "data-connected":
      talk.data.isConnected = true;
      break;
    case "data-closed":
      talk.data.end ??= event;
      break;
    case "secured":
      noteTls(talk, event.connection, event.secured);
      break;
    case "tls-failed":
      noteTls(talk, event.connection, event);
      break;
  }
}

function noteTls(talk: Conversation, connection: ProbeConnection, tls: ProbedTls): void {
  if (connection === "control") talk.tls ??= tls;
  else talk.data.tls ??= tls;
}

/** Lines in, whole replies out. */
function collectReplies() {
  const replies: Reply[] = [];
  let open: { readonly code: number; readonly words: string } | undefined;
  return {
    take(line: string): void {
      const { position, code, text } = readReplyLine(open?.code, line);
      if (position === "first") open = { code, words: text };
      if (position !== "only" && position !== "last") return;
      // Of several lines the first one says most.
      const words = (open?.words || text).slice(0, mostWords).trim();
      if (replies.length < mostReplies) replies.push({ code, text: `${code} ${words}` });
      open = undefined;
    },
    next: () => replies.shift(),
    hasNext: () => replies.length > 0,
  };
}
