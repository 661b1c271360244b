// Found: a diagnosis in the words of the session that it is of.
import type { Cause, Diagnosis, Hop } from "./diagnosis.ts";
import type { DiagnosisParts } from "./diagnosis-data-words.ts";
import { diagnosis } from "./diagnosis-words.ts";
import { serverName, type Session } from "./state.ts";

/** The session's own parts come with it. */
export function found(session: Session, hop: Hop, cause: Cause, parts: Partial<DiagnosisParts>): Diagnosis {
  const server = serverName(session);
  return diagnosis({ hop, cause, parts: { server, ...parts } }, session.policy.tellInnerAddresses);
}
