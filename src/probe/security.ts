// Security of a probe (RFC 4217): its control connection under TLS, PROT P for its data connections, and what is said where TLS fails.
import { isPositive } from "../ftp/reply.ts";
import type { ClientTls } from "../tls/client-context.ts";
import type { Conversation, ProbedTls, Reply, Script } from "./conversation.ts";
import { ok, problem, type ProbeSecured, type StepResult } from "./report.ts";

export type ProbeTls = {
  /** `explicit`: AUTH TLS behind the greeting. `implicit`: TLS begins with the first byte. */
  readonly kind: "explicit" | "implicit";
  /** Who answers AUTH with no is spoken to in clear. */
  readonly mayBeClear?: boolean;
  /** Data connections stay in clear (PROT C). */
  readonly isDataClear?: boolean;
  /** Who the peer must be. */
  readonly peer: ClientTls;
  /** What a download that ends without close_notify is: broken (if left out), or complete. */
  readonly truncation?: "reset" | "tolerate";
};

/** TLS on the control connection, and what data connections are under. */
export function* secureControl(talk: Conversation, tls: ProbeTls): Script<StepResult> {
  const { kind, mayBeClear = false } = tls;
  if (kind === "explicit") {
    const reply = yield* talk.ask("AUTH TLS");
    if (reply === undefined) return talk.lost("no-reply", "no reply to AUTH TLS");
    if (reply.code !== 234) {
      const refused = problem("rejected", `AUTH TLS was answered ${reply.text}`);
      return mayBeClear && reply.code >= 500 ? { ...refused, outcome: "forbidden" } : refused;
    }
  }
  talk.want({ kind: "secure", connection: "control" });
  const state = yield* talk.until(() => talk.tls);
  if (state === undefined) return talk.lost("tls-failed", "no TLS on the control connection");
  if (!isSecured(state))
    return { ...problem("tls-failed", `no TLS on the control connection: ${state.why}`), tls: state.cause };
  // Where the greeting is under TLS, nothing can be said before it.
  return kind === "implicit" ? ok() : yield* protectData(talk, tls);
}

/** PBSZ and PROT. A server that knows them only behind the login (530) is asked again there. */
export function* protectData(talk: Conversation, { isDataClear = false }: ProbeTls): Script<StepResult> {
  for (const line of ["PBSZ 0", isDataClear ? "PROT C" : "PROT P"]) {
    const reply = yield* talk.ask(line);
    if (reply === undefined) return talk.lost("no-reply", `no reply to ${line}`);
    if (reply.code === 530 && !talk.isLoggedIn) return ok();
    if (!isPositive(reply.code)) return problem("rejected", `${line} was answered ${reply.text}`);
  }
  talk.isProtected = !isDataClear;
  talk.hasProt = true;
  return ok();
}

export function isSecured(tls: ProbedTls | undefined): tls is ProbeSecured {
  return tls !== undefined && "version" in tls;
}

/** What is wrong with the TLS of a data connection. `reply`: what the command was answered in the end. */
export function dataTlsProblem(talk: Conversation, verb: string, reply: Reply | undefined): StepResult | undefined {
  const { tls } = talk.data;
  if (tls === undefined || isSecured(tls)) return undefined;
  const answered = reply === undefined ? "" : `; ${verb} was answered ${reply.text}`;
  return {
    ...problem("data-tls-failed", `no TLS on the data connection of ${verb}: ${tls.why}${answered}`),
    tls: tls.cause,
  };
}
