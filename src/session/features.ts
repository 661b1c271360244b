// Feature list (FEAT, RFC 2389): it says what works through this gateway. What the gateway refuses is removed from the
// server's list, what it supplies whatever the server can do is added. Lines that are no features pass as they came.
import { featureOf } from "../ftp/feat.ts";
import { formatReply } from "../ftp/reply.ts";
import { isHiddenFeature } from "./policy.ts";
import { clientTls } from "./security-state.ts";
import { isVerbatim, type OpenReply, type Session } from "./state.ts";
import type { Work } from "./work.ts";

/** What the client is given for one line of the body, or for the last line. */
export function featureLine(
  work: Work,
  openReply: OpenReply,
  isLast: boolean,
  text: string,
  raw: string,
): readonly string[] {
  const { session } = work;
  if (isLast) return [...missing(session, openReply.features), raw];
  const feature = featureOf(text);
  if (feature === undefined) return [raw];
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

/** While no server is known. */
export function featuresBeforeLogin(session: Session): string {
  const { route } = session.options;
  const hasHosts = route.kind === "pool" && route.choice?.servers.some(({ hosts }) => hosts !== undefined) === true;
  const features = [...tlsFeatures(session), ...(hasHosts ? ["HOST"] : [])];
  return features.length === 0 ? "No features before login." : ["Features:", ...features, "End"].join("\n");
}
