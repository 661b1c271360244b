// Probe, a client that tries a gateway or a server: it logs in, lists, and if it may uploads a small file, downloads and deletes it,
// each over a data connection of one form. Pure: what happens comes in as events, what to do goes out as asks; probe-driver.ts does it.
import { formatEprt, parse229 } from "../ftp/extended.ts";
import { formatPort, parse227 } from "../ftp/host-port.ts";
import { isNegative, isPositive, isPreliminary } from "../ftp/reply.ts";
import { formatEndpoint, type Endpoint } from "../net/endpoint.ts";
import { createConversation, newData, type Conversation, type Script } from "./conversation.ts";
import { dataTlsProblem, isSecured, protectData, secureControl, type ProbeTls } from "./security.ts";
import {
  ok,
  problem,
  type ProbeAsk,
  type ProbeEvent,
  type ProbeForm,
  type ProbeReport,
  type ProbeStep,
  type StepResult,
} from "./report.ts";

export type ProbeOptions = {
  readonly form: ProbeForm;
  readonly user: string;
  readonly password: string;
  /** Uploaded under that name, downloaded and deleted; absent: nothing is written. `content` is latin1. */
  readonly file?: { readonly name: string; readonly content: string };
  /** It ends there, as a health check does, and nothing but 220 is a greeting then. Absent: behind the list, or the file. */
  readonly upTo?: "greeting" | "login" | "list";
  /** Absent: all is in clear. */
  readonly tls?: ProbeTls;
  /** For so long at most nothing may happen; for the words of a report, the driver measures it. */
  readonly silenceMs: number;
};

export type Probe = {
  /** `at`: monotonic milliseconds. Nothing is asked any more once there is a report. */
  step(event: ProbeEvent, at: number): readonly ProbeAsk[];
  report(): ProbeReport | undefined;
};

/** The first ask is to connect. */
export function startProbe(
  options: ProbeOptions,
  at: number,
): { readonly probe: Probe; readonly asks: readonly ProbeAsk[] } {
  const talk = createConversation(options.silenceMs, at);
  const steps: ProbeStep[] = [];
  const script = run(talk, options, steps);
  let report: ProbeReport | undefined;
  const advance = (): readonly ProbeAsk[] => {
    if (report !== undefined) return [];
    const { done = false, value } = script.next();
    if (!done) return value ?? [];
    const { local, remote, announced, tls } = talk;
    report = { form: options.form, isOk: steps.every(({ outcome }) => outcome !== "failed"), steps };
    report = { ...report, ...(local && { local }), ...(remote && { remote }), ...(announced && { announced }) };
    if (tls !== undefined && "version" in tls) report = { ...report, secured: tls };
    return [{ kind: "close" }];
  };
  return {
    asks: advance(),
    probe: {
      step(event, now) {
        talk.take(event, now);
        return advance();
      },
      report: () => report,
    },
  };
}

function* run(talk: Conversation, options: ProbeOptions, steps: ProbeStep[]): Script<void> {
  for (const [name, play] of scriptOf(talk, options)) {
    const began = talk.at;
    const result = yield* play();
    steps.push({ name, durationMs: talk.at - began, ...result });
    // A file that could not be stored is neither fetched nor deleted.
    if (result.outcome === "failed" || (result.outcome === "forbidden" && name === "upload")) break;
  }
  if (talk.isOpen()) yield* talk.ask("QUIT");
}

type Play = () => Script<StepResult>;

function scriptOf(
  talk: Conversation,
  { form, user, password, file, tls, upTo }: ProbeOptions,
): (readonly [ProbeStep["name"], Play])[] {
  const listing = function* (): Script<StepResult> {
    const listed = yield* transfer(talk, form, "LIST");
    // Some servers know names only.
    return listed.outcome === "forbidden" ? failedIfForbidden(yield* transfer(talk, form, "NLST")) : listed;
  };
  const plays: (readonly [ProbeStep["name"], Play])[] = [
    ["connect", () => connect(talk)],
    ...beginning(talk, tls, upTo !== undefined),
    ["login", () => login(talk, user, password, tls)],
    ["list", listing],
  ];
  if (upTo !== undefined) return plays.slice(0, plays.length - { greeting: 2, login: 1, list: 0 }[upTo]);
  if (file === undefined) return plays;
  const { name, content } = file;
  const upload = function* (): Script<StepResult> {
    yield* talk.ask("TYPE I");
    return yield* transfer(talk, form, `STOR ${name}`, content);
  };
  const download = function* (): Script<StepResult> {
    const fetched = yield* transfer(talk, form, `RETR ${name}`);
    if (fetched.outcome !== "ok" || talk.data.end?.received === content) return fetched;
    return problem(
      "differs",
      `what came back of ${name} is not what was sent: ${fetched.bytes ?? 0} of ${content.length} bytes`,
    );
  };
  return [...plays, ["upload", upload], ["download", download], ["delete", () => remove(talk, name)]];
}

/** With implicit TLS the greeting is under it. */
function beginning(
  talk: Conversation,
  tls: ProbeTls | undefined,
  isStrict: boolean,
): (readonly [ProbeStep["name"], Play])[] {
  const greets: readonly [ProbeStep["name"], Play] = ["greeting", () => greeting(talk, isStrict)];
  if (tls === undefined) return [greets];
  const secures: readonly [ProbeStep["name"], Play] = ["tls", () => secureControl(talk, tls)];
  if (tls.kind === "explicit") return [greets, secures];
  const greetsAndProtects = function* (): Script<StepResult> {
    const greeted = yield* greeting(talk, isStrict);
    return greeted.outcome === "ok" ? yield* protectData(talk, tls) : greeted;
  };
  return [secures, ["greeting", greetsAndProtects]];
}

function* connect(talk: Conversation): Script<StepResult> {
  talk.want({ kind: "connect" });
  yield* talk.until(() => talk.remote);
  return talk.remote === undefined ? talk.lost("not-connected", "no connection") : ok();
}

function* greeting(talk: Conversation, isStrict: boolean): Script<StepResult> {
  let reply = yield* talk.reply();
  // 120: in a while.
  while (reply !== undefined && isPreliminary(reply.code)) reply = yield* talk.reply();
  if (reply === undefined) return talk.lost("no-reply", "no greeting");
  const isGood = isStrict ? reply.code === 220 : isPositive(reply.code);
  return isGood ? ok() : problem("rejected", `the greeting is ${reply.text}`);
}

function* login(talk: Conversation, user: string, password: string, tls: ProbeTls | undefined): Script<StepResult> {
  const named = yield* talk.ask(`USER ${user}`);
  const reply = named?.code === 331 ? yield* talk.ask(`PASS ${password}`) : named;
  if (reply === undefined) return talk.lost("no-reply", `no reply to the login of ${user}`);
  if (!isPositive(reply.code)) return problem("rejected", `the login of ${user} was answered ${reply.text}`);
  talk.isLoggedIn = true;
  const isDue = tls !== undefined && !talk.hasProt && isSecured(talk.tls);
  return isDue ? yield* protectData(talk, tls) : ok();
}

function* remove(talk: Conversation, name: string): Script<StepResult> {
  const reply = yield* talk.ask(`DELE ${name}`);
  if (reply === undefined) return talk.lost("no-reply", "no reply to DELE");
  if (isPositive(reply.code)) return ok();
  return { ...problem("rejected", `DELE was answered ${reply.text}; ${name} is still there`), outcome: "forbidden" };
}

/** One data connection and what it carries: `content` up, or whatever comes down. A 5yz before anything is carried is `forbidden`. */
function* transfer(talk: Conversation, form: ProbeForm, command: string, content?: string): Script<StepResult> {
  const [verb = ""] = command.split(" ", 1);
  talk.data = newData();
  const negotiated = yield* form === "PASV" || form === "EPSV" ? passive(talk, form) : active(talk, form);
  if (negotiated !== undefined) return negotiated;
  let reply = yield* talk.ask(command);
  const isAccepted = reply !== undefined && isPreliminary(reply.code);
  if (reply !== undefined && reply.code >= 500) {
    talk.want({ kind: "drop-data" });
    return { ...problem("rejected", `${verb} was answered ${reply.text}`), outcome: "forbidden" };
  }
  if (isAccepted) {
    yield* talk.until(() => talk.data.isConnected || talk.hasReply() || undefined);
    if (talk.data.isConnected && talk.isProtected) {
      talk.want({ kind: "secure", connection: "data" });
      yield* talk.until(() => talk.data.tls ?? talk.data.end ?? (talk.hasReply() || undefined));
    }
    const mayUpload = talk.isProtected ? isSecured(talk.data.tls) : talk.data.isConnected;
    if (content !== undefined && mayUpload) talk.want({ kind: "upload", content });
    reply = yield* talk.reply();
  }
  const unprotected = dataTlsProblem(talk, verb, reply);
  if (unprotected !== undefined) return unprotected;
  if (reply === undefined && talk.announced !== undefined && !talk.data.isConnected)
    return talk.lost("nobody-came", `nobody connected to ${formatEndpoint(talk.announced)} (announced by ${form})`);
  if (reply === undefined) return talk.lost("no-reply", `no reply to ${verb}`);
  if (!isPositive(reply.code)) return problem("broken", `${verb} was answered ${reply.text}`);
  const closed = yield* talk.until(() => talk.data.end);
  if (closed === undefined) return talk.lost("broken", `no end of the data of ${verb}`);
  if (closed.why !== undefined) return problem("broken", `the data connection of ${verb} broke: ${closed.why}`);
  return { outcome: "ok", bytes: content?.length ?? closed.bytes };
}

/** Connected to what the reply announces, or what went wrong. */
function* passive(talk: Conversation, form: "PASV" | "EPSV"): Script<StepResult | undefined> {
  const reply = yield* talk.ask(form);
  if (reply === undefined) return talk.lost("no-reply", `no reply to ${form}`);
  const endpoint = announcedIn(talk, form, reply.text);
  if (isNegative(reply.code)) return problem("rejected", `${form} was answered ${reply.text}`);
  if (endpoint === undefined)
    return problem("no-endpoint", `${form} was answered ${reply.text}, which holds no endpoint`);
  talk.announced = endpoint;
  talk.want({ kind: "dial", endpoint, isProtected: talk.isProtected });
  yield* talk.until(() => talk.data.isConnected || talk.data.end || undefined);
  if (talk.data.isConnected) return undefined;
  const what = `no connection to ${formatEndpoint(endpoint)} (announced by ${form})`;
  const { why } = talk.data.end ?? {};
  return why === undefined ? talk.lost("not-reached", what) : problem("not-reached", `${what}: ${why}`);
}

function announcedIn(talk: Conversation, form: "PASV" | "EPSV", reply: string): Endpoint | undefined {
  if (form === "PASV") {
    const reading = parse227(reply.slice(4));
    return reply.startsWith("227") && reading.ok ? reading.endpoint : undefined;
  }
  const reading = parse229(reply.slice(4));
  const address = talk.remote?.address;
  if (!reply.startsWith("229") || !reading.ok || address === undefined) return undefined;
  return { address, port: reading.port };
}

/** Announced, or what went wrong. */
function* active(talk: Conversation, form: "PORT" | "EPRT"): Script<StepResult | undefined> {
  talk.want({ kind: "listen", isProtected: talk.isProtected });
  const endpoint = yield* talk.until(() => talk.data.listening);
  if (endpoint === undefined) return talk.lost("not-reached", "can't listen for the data connection");
  if (form === "PORT" && endpoint.address.includes(":"))
    return problem("no-endpoint", "PORT has no way to announce an IPv6 address");
  talk.announced = endpoint;
  const reply = yield* talk.ask(`${form} ${form === "PORT" ? formatPort(endpoint) : formatEprt(endpoint)}`);
  if (reply === undefined) return talk.lost("no-reply", `no reply to ${form}`);
  return isPositive(reply.code) ? undefined : problem("rejected", `${form} was answered ${reply.text}`);
}

function failedIfForbidden(result: StepResult): StepResult {
  return result.outcome === "forbidden" ? { ...result, outcome: "failed" } : result;
}
