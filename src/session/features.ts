// Feature list (FEAT, RFC 2389): it says what works through this gateway. What the gateway refuses is removed from the
// server's list, what it supplies whatever the server can do is added. Lines that are no features pass as they came.
import { featureOf } from "../ftp/feat.ts";
import { formatReply } from "../ftp/reply.ts";
import { isHiddenFeature } from "./policy.ts";
import { tlsVerbs } from "./security-policy.ts";
import { clientTls } from "./security-state.ts";
import { isVerbatim, type OpenReply, type Session } from "./state.ts";
import { emit, type Work } from "./work.ts";

/** What the client is given for one line of the body, or for the last line. */
export function featureLine(
  work: Work,
  openReply: OpenReply,
  isLast: boolean,
  text: string,
  raw: string,
): readonly string[] {
  const { session } = work;
  if (isLast) {
    if (hasChoice(session)) emit(work, { kind: "learn-features", features: openReply.lines });
    return [...missing(session, openReply.features), raw];
  }
  const feature = featureOf(text);
  if (feature === undefined) return [raw];
  if (hasChoice(session)) keepLine(work, text);
  if (isHiddenFeature(session, feature)) return [];
  if (supplied.includes(feature) && !openReply.features.includes(feature)) {
    session.openReply = { ...openReply, features: [...openReply.features, feature] };
  }
  return [raw];
}

/** A server without features may say so in one line. */
export function featuresInOneLine(session: Session, text: string, raw: string): string {
  const lines = missing(session, []);
  return lines.length === 0 ? raw : `211-${text}\r\n${lines.join("")}211 End\r\n`;
}

/** The extended modes, which are converted to what the server knows. */
const supplied: readonly string[] = ["EPRT", "EPSV"];

function missing(session: Session, listed: readonly string[]): readonly string[] {
  const modes = isVerbatim(session)
    ? []
    : supplied.filter((feature) => !listed.includes(feature) && !isHiddenFeature(session, feature));
  return [...modes, ...tlsFeatures(session)].map((feature) => ` ${feature}\r\n`);
}

/** RFC 4217 6: what the gateway itself does, whatever the server can do. */
function tlsFeatures(session: Session): readonly string[] {
  const tls = clientTls(session);
  if (tls === undefined) return [];
  return ["AUTH TLS", "PBSZ", "PROT", ...(tls.ccc ? ["CCC"] : [])];
}

/** A server without FEAT (5yz) is no reason to hide TLS from the client. */
export function treatFeatures(session: Session, code: number): "feat" | "swallow" | "pass" {
  if (code === 211) return "feat";
  return code >= 500 && clientTls(session) !== undefined ? "swallow" : "pass";
}

/** In the place of a server's that has none. */
export function ownFeatures(session: Session): string {
  return formatReply(211, ["Features:", ...missing(session, []).map((line) => line.trim()), "End"].join("\n"));
}

function hasChoice({ options: { route } }: Session): boolean {
  return route.kind === "pool" && route.choice !== undefined;
}

/** What a server says of itself is bounded. */
const mostLines = 64;
const longestLine = 256;

function keepLine({ session }: Work, text: string): void {
  const { openReply } = session;
  if (openReply === undefined || openReply.lines.length >= mostLines || text.length > longestLine) return;
  session.openReply = { ...openReply, lines: [...openReply.lines, text.trim()] };
}

/** While no server is known. */
export function featuresBeforeLogin(session: Session): string {
  const { route } = session.options;
  const choice = route.kind === "pool" ? route.choice : undefined;
  const hasHosts = choice?.servers.some(({ hosts }) => hosts !== undefined) === true;
  const own = [...tlsFeatures(session), ...(hasHosts ? ["HOST"] : [])];
  const features = [...commonFeatures(session, choice?.features() ?? []), ...own];
  return features.length === 0 ? "No features before login." : ["Features:", ...features, "End"].join("\n");
}

/** What is the gateway's own to say is not the servers'. */
function commonFeatures(session: Session, lines: readonly string[]): readonly string[] {
  return lines.filter((line) => {
    const feature = featureOf(line) ?? "";
    return feature !== "HOST" && !tlsVerbs.has(feature) && !isHiddenFeature(session, feature);
  });
}
