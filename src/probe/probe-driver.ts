// Probe driver: does over TCP what a probe asks for, and tells it what happens, for a bounded time.
import {
  openProbeControl,
  openProbeData,
  type ProbeControl,
  type ProbeData,
  type ProbeTarget,
} from "./probe-sockets.ts";
import { startProbe, type ProbeOptions } from "./probe.ts";
import type { ProbeAsk, ProbeEvent, ProbeReport } from "./report.ts";

export type ProbeTimes = {
  /** All of it. */
  readonly totalMs: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
};

/** Never rejects; what goes wrong stands in the report. */
export function runProbe(target: ProbeTarget, options: ProbeOptions, times: ProbeTimes): Promise<ProbeReport> {
  const { tls } = options;
  const { probe, asks } = startProbe(options, performance.now());
  return new Promise((resolve) => {
    let control: ProbeControl | undefined;
    let data: ProbeData | undefined;
    let silence: NodeJS.Timeout | undefined;
    const timeOut = (): void => happened({ kind: "timed-out" });
    const total = setTimeout(timeOut, times.totalMs);
    times.signal?.addEventListener("abort", timeOut, { once: true });

    function happened(event: ProbeEvent): void {
      perform(probe.step(event, performance.now()));
    }

    function perform(wanted: readonly ProbeAsk[]): void {
      clearTimeout(silence);
      silence = setTimeout(timeOut, options.silenceMs);
      for (const ask of wanted) performOne(ask);
      const report = probe.report();
      if (report === undefined) return;
      clearTimeout(silence);
      clearTimeout(total);
      times.signal?.removeEventListener("abort", timeOut);
      resolve(report);
    }

    function performOne(ask: ProbeAsk): void {
      switch (ask.kind) {
        case "connect":
          control = openProbeControl(target, happened);
          break;
        case "send":
          control?.send(ask.line);
          break;
        case "listen":
          data = openProbeData({ listenOn: control?.local() }, ask.isProtected, happened);
          break;
        case "dial":
          data = openProbeData({ dial: ask.endpoint }, ask.isProtected, happened);
          break;
        case "secure":
          if (tls === undefined) throw new Error("a probe without TLS asks for it");
          if (ask.connection === "control") control?.secure(tls);
          else data?.secure(tls, control?.session());
          break;
        case "upload":
          data?.upload(ask.content);
          break;
        case "drop-data":
          data?.drop();
          break;
        case "close":
          data?.drop();
          control?.close();
          break;
      }
    }

    perform(asks);
    if (times.signal?.aborted === true) timeOut();
  });
}
