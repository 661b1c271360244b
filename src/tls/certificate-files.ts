// Certificate files: pairs of PEM files, read and checked. A file is read anew each time, because certbot swaps what its links lead to.
import { readFile, stat } from "node:fs/promises";
import { type Certificate, checkCertificate, dayOf, holdsCertificate, noCertificate } from "./certificate.ts";

/** Paths. */
export type CertificatePair = { readonly cert: string; readonly key: string };

export type CertificateProblem = { readonly path: string; readonly message: string };

export type LoadedCertificate = { readonly pair: CertificatePair; readonly certificate: Certificate };

export type LoadedPairs = {
  readonly loaded: readonly LoadedCertificate[];
  /** Each keeps its pair from being used. */
  readonly problems: readonly CertificateProblem[];
  readonly warnings: readonly CertificateProblem[];
};

const dayMs = 86_400_000;
/** From so long before its end a certificate is warned of. */
export const expiryWarningMs = 14 * dayMs;
const readableByOthers = 0o004;

/** Never rejects. `now`: milliseconds since 1970. */
export async function loadPairs(pairs: readonly CertificatePair[], now: number): Promise<LoadedPairs> {
  const loaded: LoadedCertificate[] = [];
  const problems: CertificateProblem[] = [];
  const warnings: CertificateProblem[] = [];
  for (const pair of pairs) {
    const texts = await readBoth(pair);
    if ("message" in texts) {
      problems.push(texts);
      continue;
    }
    const checked = checkCertificate(texts.cert, texts.key, now);
    if (!checked.ok) {
      problems.push({ path: pair[checked.part], message: checked.problem });
      continue;
    }
    loaded.push({ pair, certificate: checked.certificate });
    if (texts.isReadableByOthers)
      warnings.push({ path: pair.key, message: "the key can be read by every user (chmod o-r)" });
  }
  return { loaded, problems, warnings: [...warnings, ...expiryWarnings(loaded, now)] };
}

export function expiryWarnings(loaded: readonly LoadedCertificate[], now: number): readonly CertificateProblem[] {
  return loaded.flatMap(({ pair, certificate }) => {
    const message = expiryWarning(certificate, now);
    return message === undefined ? [] : [{ path: pair.cert, message }];
  });
}

/** A file of trusted authorities, as text. */
export async function loadAuthorities(path: string): Promise<{ readonly text: string } | CertificateProblem> {
  try {
    const text = await readFile(path, "latin1");
    return holdsCertificate(text) ? { text } : { path, message: noCertificate };
  } catch (error) {
    return unread(path, error);
  }
}

/** From 14 days before the end on. */
export function expiryWarning({ validTo }: Certificate, now: number): string | undefined {
  const leftMs = validTo - now;
  if (leftMs > expiryWarningMs) return undefined;
  const days = Math.floor(leftMs / dayMs);
  const left = leftMs <= 0 ? "has expired" : `expires in ${days} ${days === 1 ? "day" : "days"}`;
  return `the certificate ${left}, on ${dayOf(validTo)}`;
}

type Texts = { readonly cert: string; readonly key: string; readonly isReadableByOthers: boolean };

async function readBoth(pair: CertificatePair): Promise<Texts | CertificateProblem> {
  const texts: string[] = [];
  for (const path of [pair.cert, pair.key]) {
    try {
      texts.push(await readFile(path, "latin1"));
    } catch (error) {
      return unread(path, error);
    }
  }
  const [cert = "", key = ""] = texts;
  const { mode } = await stat(pair.key).catch(() => ({ mode: 0 }));
  return { cert, key, isReadableByOthers: (mode & readableByOthers) !== 0 };
}

function unread(path: string, error: unknown): CertificateProblem {
  return { path, message: `can't be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}` };
}
