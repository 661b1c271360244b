// Policies: which one holds for a client, and for a user once the server has accepted its login. A user is whom the server
// says to have logged in, not who was named: until then, and where a login is refused, what held before holds on.
import { metricVerb, parseCommand, upperCaseAscii, type Command } from "../ftp/command.ts";
import { parseLoginTarget } from "../ftp/host-name.ts";
import { isNegative } from "../ftp/reply.ts";
import { networkContains } from "../net/endpoint.ts";
import type { ClientOptions, Policy, PolicyEntry, UserPolicy } from "./options.ts";
import { refusal, type Refusal } from "./refusals.ts";
import { targetOf, type Session } from "./state.ts";
import { isUserMeant } from "./user-pattern.ts";
import { sendToServer, type Work } from "./work.ts";

/**
 * What holds for a client at this address: of the entries that mean it, the first that means every user ends the list, and
 * those before it are for their users. `policy` is the gateway's own.
 */
export function policiesOf(
  policy: Policy,
  entries: readonly PolicyEntry[],
  address: string,
): Pick<ClientOptions, "policy" | "userPolicies"> {
  const userPolicies: UserPolicy[] = [];
  for (const { clients, users, policy: own } of entries) {
    if (clients !== undefined && !clients.some((network) => networkContains(network, address))) continue;
    if (users === undefined) return { policy: own, userPolicies };
    userPolicies.push({ users, policy: own });
  }
  return { policy, userPolicies };
}

function policyOf({ policy, userPolicies }: ClientOptions, user: string): Policy {
  return userPolicies.find(({ users }) => users.some((pattern) => isUserMeant(pattern, user)))?.policy ?? policy;
}

/** Whom USER with this argument names: on the login route without the server's name, where that follows. */
export function namedUser(session: Session, argument: string): string {
  const target = targetOf(session);
  const hasHost = session.options.route.kind === "login" && (target === undefined || target.user !== undefined);
  const login = hasHost ? parseLoginTarget(argument) : undefined;
  return login?.ok ? login.user : argument;
}

/** By what a command is judged. USER is judged by the policy of whom it names, which may keep that user out altogether. */
export function policyFor(session: Session, { verb, argument }: Command): Policy {
  const { clientOptions, policy } = session;
  if (verb !== "USER") return policy;
  return policyOf(clientOptions, namedUser(session, argument));
}

/** Sends USER to the server, in a line that names this user. */
export function sendUser(work: Work, user: string, line: string): void {
  const { session } = work;
  const { clientOptions } = session;
  session.user = user;
  if (clientOptions.userPolicies.length > 0) session.nextPolicy = policyOf(clientOptions, user);
  sendToServer(work, line, { kind: "login", verb: "USER" });
}

/** USER, PASS or ACCT has its final reply. A 200, 202 or 226 does not say who is logged in, and may be a reply too many. */
export function policyAnswered({ session }: Work, code: number): void {
  const { nextPolicy } = session;
  if (nextPolicy === undefined || nextPolicy === "refused") return;
  if (isNegative(code)) session.nextPolicy = "refused";
  if (code !== 230 && code !== 232) return;
  session.policy = nextPolicy;
  session.nextPolicy = undefined;
}

/**
 * Whether this line waits until it is clear who is logged in: behind a login or REIN everything does, and a login waits until
 * every earlier command has its reply, which is not to be taken for its own. Asked only where entries have `users`.
 */
export function dependsOnUser({ outstanding }: Session, line: string): boolean {
  if (outstanding.some(({ kind }) => kind === "login" || kind === "rein")) return true;
  return outstanding.length > 0 && loginVerbs.has(parseCommand(line)?.verb ?? "");
}

const loginVerbs: ReadonlySet<string> = new Set(["USER", "PASS", "ACCT", "REIN"]);

/** Between USER and its 230 the server may know another user than we do, or take what is said for another name. */
const passedDuringLogin: ReadonlySet<string> = new Set([...loginVerbs, "QUIT", "NOOP"]);

/** Why this command does not pass where entries have `users`: it would leave open who is logged in. */
export function userRefusal(session: Session, { verb, argument, line }: Command): Refusal | undefined {
  const { clientOptions, nextPolicy } = session;
  if (verb === "USER") {
    return isAmbiguous(clientOptions, namedUser(session, argument)) ? refusal("denied-command", verb) : undefined;
  }
  // Some servers read four letters, wherever they begin.
  if (/^[^A-Z]*USER/.test(upperCaseAscii(line))) return refusal("denied-command", "Command");
  // Some servers take a PASS for whom they have refused before, some say 230 to whoever is logged in already.
  if (nextPolicy === "refused") {
    return verb === "PASS" || verb === "ACCT" ? refusal("not-logged-in", verb) : undefined;
  }
  if (nextPolicy === undefined || passedDuringLogin.has(verb)) return undefined;
  return refusal("not-logged-in", metricVerb(verb) === "other" ? "Command" : verb);
}

/** Some servers take the first word alone for the name, some programs write the password behind it. */
function isAmbiguous(options: ClientOptions, user: string): boolean {
  const name = user.trim();
  const whole = policyOf(options, name);
  return [/[\0-\x20\x7f][^]*/, /:[^]*/].some((rest) => policyOf(options, name.replace(rest, "")) !== whole);
}
