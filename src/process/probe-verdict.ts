// Verdict of a probe: each hop of a session that was tried, by what the probe saw and what the gateway found.
import type { PlaneName } from "../dataplane/pinhole.ts";
import type { ProbeForm, ProbeProblem, ProbeReport, ProbeSecured, ProbeStep } from "../probe/report.ts";
import { handshakeCause } from "../session/diagnose-tls.ts";
import type { Cause, Diagnosis, Hop } from "../session/diagnosis.ts";
import { isPassive, type Mode } from "../session/mode.ts";

/** What the gateway says of the session of a probe. */
export type GatewayView = {
  readonly session: string;
  readonly failure?: Omit<Diagnosis, "clientSentence"> | undefined;
  /** It has had a connection to the server. */
  readonly hasServer: boolean;
  /** Of the last transfer. */
  readonly serverMode?: Mode | undefined;
  readonly plane?: PlaneName | undefined;
};

/** `server-data`: the gateway's connection with the server, whoever makes it. */
export type ProbedHop = Hop | "server-data";

export type HopState = "ok" | "failed" | "not-tried";

export type ProbeVerdict = {
  readonly mode: ProbeForm;
  readonly ok: boolean;
  readonly hops: readonly { readonly hop: ProbedHop; readonly state: HopState }[];
  readonly steps: readonly ProbeStep[];
  /** Of the control connection. */
  readonly tls?: ProbeSecured;
  readonly session?: string;
  readonly plane?: PlaneName;
  readonly failure?: ProbeFailure;
};

export type ProbeFailure = {
  readonly step: ProbeStep["name"];
  readonly problem: ProbeProblem;
  /** What the probe saw. */
  readonly seen: string;
  /** Where it can be told. */
  readonly hop?: Hop;
  /** What the gateway found, if it did. */
  readonly cause?: Cause;
  readonly sentence?: string;
  /** The gateway's, or what a client can say by itself. */
  readonly advice?: string;
};

/** `view` is undefined where the gateway could not be asked. */
export function probeVerdict(report: ProbeReport, view: GatewayView | undefined): ProbeVerdict {
  const { form, isOk, steps, secured } = report;
  const failed = steps.find(({ outcome }) => outcome === "failed");
  const failure = failed && failed.outcome !== "ok" ? failureOf(form, failed, view) : undefined;
  return {
    mode: form,
    ok: isOk,
    hops: hopsOf(report, view, failure?.hop),
    steps,
    ...(secured && { tls: secured }),
    ...(view && { session: view.session }),
    ...(view?.plane && { plane: view.plane }),
    ...(failure && { failure }),
  };
}

type BadStep = ProbeStep & { readonly outcome: "failed" | "forbidden" };

function failureOf(form: ProbeForm, step: BadStep, view: GatewayView | undefined): ProbeFailure {
  const { name, problem, sentence: seen } = step;
  const found = view?.failure;
  const own = ownFindings[problem] ?? ownTlsFinding(form, step);
  const hop = found?.hop ?? own?.hop;
  return {
    ...{ step: name, problem, seen },
    ...(hop && { hop }),
    ...(own && { advice: own.advice }),
    ...(own?.cause && { cause: own.cause }),
    ...(found && { cause: found.cause, sentence: found.sentence, advice: found.advice }),
  };
}

type OwnFinding = { readonly hop: Hop; readonly advice: string; readonly cause?: Cause };

/** What a client can tell by itself. */
const ownFindings: Readonly<Partial<Record<ProbeProblem, OwnFinding>>> = {
  "not-connected": {
    hop: "client-control",
    advice: "Check that the gateway runs and listens there, and open TCP to that port in every firewall in between.",
  },
  "not-reached": {
    hop: "client-data-in",
    advice:
      "Open and forward clientSide.dataPorts to the gateway, unchanged, and check that clientSide.advertise leads to it.",
  },
};

function ownTlsFinding(form: ProbeForm, { problem, tls = "failed" }: BadStep): OwnFinding | undefined {
  if (problem !== "tls-failed" && problem !== "data-tls-failed") return undefined;
  const cause = tls === "not-resumed" ? "tls-not-resumed" : handshakeCause(tls);
  const advice = tlsAdvice[cause] ?? otherTlsAdvice;
  return { hop: problem === "tls-failed" ? "client-control" : clientDataOf(form), advice, cause };
}

const tlsAdvice: Readonly<Partial<Record<Cause, string>>> = {
  "tls-certificate":
    "Clients that check certificates fail as well: clientSide.tls.certificates has to hold the whole chain, for a name that clients connect to. A probe trusts what --ca holds, and expects --tls-name.",
  "tls-version": "Look at clientSide.tls.minVersion, and at the OpenSSL of this machine.",
};
const otherTlsAdvice =
  "Check that TLS is spoken there: policy.tls: terminate, and implicit TLS on a listener that has `tls: implicit` alone (--tls). The gateway's log says what it saw of the handshake.";

function clientDataOf(form: ProbeForm): Hop {
  return isPassive(form) ? "client-data-in" : "client-data-out";
}

function hopsOf({ form, steps }: ProbeReport, view: GatewayView | undefined, failed: Hop | undefined) {
  const isDone = (name: ProbeStep["name"]): boolean =>
    steps.some((step) => step.name === name && step.outcome !== "failed");
  const clientData = clientDataOf(form);
  const serverData: ProbedHop =
    view?.serverMode === undefined
      ? isServerData(failed)
        ? failed
        : "server-data"
      : isPassive(view.serverMode)
        ? "server-data-out"
        : "server-data-in";
  const done: readonly (readonly [ProbedHop, boolean])[] = [
    ["client-control", isDone("connect")],
    ["server-control", isDone("login") || (view?.hasServer ?? false)],
    [clientData, isDone("list")],
    [serverData, isDone("list")],
  ];
  const states = done.map(([hop, isOk]) => ({ hop, state: hop === failed ? "failed" : isOk ? "ok" : "not-tried" }));
  const isThere = failed === undefined || states.some(({ hop }) => hop === failed);
  return (isThere ? states : [...states, { hop: failed, state: "failed" }]) as ProbeVerdict["hops"];
}

function isServerData(hop: Hop | undefined): hop is "server-data-in" | "server-data-out" {
  return hop === "server-data-in" || hop === "server-data-out";
}
