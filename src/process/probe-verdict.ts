// Verdict of a probe: each hop of a session that was tried, by what the probe saw and what the gateway found.
import type { PlaneName } from "../dataplane/pinhole.ts";
import type { ProbeForm, ProbeProblem, ProbeReport, ProbeStep } from "../probe/report.ts";
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
  const { form: mode, isOk, steps } = report;
  const failed = steps.find(({ outcome }) => outcome === "failed");
  const failure = failed && failed.outcome !== "ok" ? failureOf(failed, view) : undefined;
  return {
    mode,
    ok: isOk,
    hops: hopsOf(report, view, failure?.hop),
    steps,
    ...(view && { session: view.session }),
    ...(view?.plane && { plane: view.plane }),
    ...(failure && { failure }),
  };
}

function failureOf(step: ProbeStep & { readonly outcome: "failed" | "forbidden" }, view: GatewayView | undefined) {
  const { name, problem, sentence: seen } = step;
  const found = view?.failure;
  const own = ownFindings[problem];
  const hop = found?.hop ?? own?.hop;
  return {
    ...{ step: name, problem, seen },
    ...(hop && { hop }),
    ...(own && { advice: own.advice }),
    ...(found && { cause: found.cause, sentence: found.sentence, advice: found.advice }),
  };
}

/** What a client can tell by itself. */
const ownFindings: Readonly<Partial<Record<ProbeProblem, { readonly hop: Hop; readonly advice: string }>>> = {
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

function hopsOf({ form, steps }: ProbeReport, view: GatewayView | undefined, failed: Hop | undefined) {
  const isDone = (name: ProbeStep["name"]): boolean =>
    steps.some((step) => step.name === name && step.outcome !== "failed");
  const clientData: Hop = isPassive(form) ? "client-data-in" : "client-data-out";
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
