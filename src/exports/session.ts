// Export `ftp-alg/session`: one session as a state machine for other programs, which are its driver: they make the events, and do what the
// effects say. It only names what they may rely on; nobody in src/ imports it.
export type { PinholeEvent } from "../dataplane/pinhole.ts";
export type { LegPlan, SessionEffect, SessionEvent, TimerName } from "../session/events.ts";
export type { Fact } from "../session/facts.ts";
export type { ClientOptions, Policy, Route, SessionOptions } from "../session/options.ts";
export type { EndReason, RefusalReason } from "../session/reasons.ts";
export { step } from "../session/session.ts";
export { startSession, type NewClient } from "../session/start.ts";
export type { Session } from "../session/state.ts";
export { parseEvent, type TranscriptContext } from "../session/transcript-reader.ts";
export { formatEffect, formatEvent } from "../session/transcript.ts";
export { wantsClientInput, wantsServerInput } from "../session/wanted-input.ts";
