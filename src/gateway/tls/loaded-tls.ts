// Loaded TLS: what a gateway that terminates TLS has read from its files, and reads again when they change. Sessions keep what they began
// with. Only a gateway with TLS loads what speaks it.
import { basename } from "node:path";
import type { CertificateProblem, LoadedCertificate } from "../../tls/certificate-files.ts";
import type { ClientContext, ClientTls } from "../../tls/client-context.ts";
import type { ServerContext, ServerTls } from "../../tls/server-context.ts";
import type { TruncationWay } from "../../tls/tls-self-test.ts";
import type { TicketKeys, TicketPolicy } from "../../tls/ticket-keys.ts";
import { authoritiesOf, pairsOf, type Terminate } from "./tls-files.ts";

/** What a session begins with. `key`: contexts with the same are the same. */
export type TlsMaterial = {
  readonly key: string;
  readonly options: Terminate;
  readonly server: ServerTls;
  /** Of control connections; where sessions must be resumed each session makes its own. */
  readonly serverContext: ServerContext;
  /** Towards the server; `name` is the host of the route, where nothing else is configured. */
  readonly client: (name: string) => { readonly tls: ClientTls; readonly context: ClientContext };
  readonly makeContext: (tls: ServerTls, keys: () => TicketKeys, policy: TicketPolicy) => ServerContext;
};

export type LoadedTls = {
  readonly material: () => TlsMaterial;
  readonly ticketKeys: () => TicketKeys;
  /** How what is cut is told from what is complete; undefined: it can't be. */
  readonly truncationWay: TruncationWay | undefined;
  /** Until each of the gateway's own certificates expires. `certificate`: the name of its file. */
  readonly secondsLeft: () => readonly { readonly certificate: string; readonly seconds: number }[];
  /** Reads the files again whenever they change, until `close`. */
  watch(): void;
  close(): void;
};

export type TlsNotes = {
  /** What is to be warned of, and what was read again. */
  note(level: "info" | "warn", text: string): void;
};

const dayMs = 86_400_000;
let count = 0;

/** What seals the tickets of all gateways of a process, from the first that terminates TLS on. */
export type TicketRing = { keys?: () => TicketKeys };

/** Rejects with an Error that names the file and what is wrong with it. */
export async function loadTls(options: Terminate, { note }: TlsNotes, ring: TicketRing): Promise<LoadedTls> {
  const { createTicketRing } = await import("../../tls/ticket-keys.ts");
  const { watchFiles } = await import("../../tls/watch-files.ts");
  const { wallClock } = await import("../../tls/certificate.ts");
  const { expiryWarnings } = await import("../../tls/certificate-files.ts");
  const ticketKeys = (ring.keys ??= createTicketRing(() => performance.now()));
  const { truncationWay: tryWays } = await import("../../tls/tls-self-test.ts");
  const truncationWay = await tryWays();
  if (truncationWay !== "handle") note("warn", truncationWarning[truncationWay ?? "none"]);
  let current = await readMaterial(options, ticketKeys);
  const warn = ({ path, message }: CertificateProblem): void => note("warn", `${path}: ${message}`);
  for (const warning of current.warnings) warn(warning);
  let watching: { close(): void } | undefined;
  let daily: NodeJS.Timeout | undefined;
  let isClosed = false;

  function reread(): void {
    readMaterial(options, ticketKeys).then(
      (next) => {
        // Folders change for other reasons, too.
        if (isClosed || next.fingerprint === current.fingerprint) return;
        current = next;
        for (const warning of next.warnings) warn(warning);
        note("info", "the certificates have been read again");
      },
      (error: unknown) => note("warn", `the certificates stay as they are: ${(error as Error).message}`),
    );
  }

  return {
    material: () => current.material,
    ticketKeys,
    truncationWay,
    secondsLeft: () => secondsLeft(current.certificates, wallClock()),
    watch() {
      watching ??= watchFiles(filesOf(options), reread);
      // A process that runs for months is told, too.
      daily ??= setInterval(() => {
        for (const warning of expiryWarnings(current.certificates, wallClock())) warn(warning);
      }, dayMs).unref();
    },
    close() {
      isClosed = true;
      watching?.close();
      clearInterval(daily);
    },
  };
}

const truncationWarning = {
  order: "whether a transfer under TLS is cut is told in a slower way: Node's TLS is not as it was tried",
  none: "a transfer under TLS that is cut can't be told from a whole one: Node's TLS is not as it was tried",
} as const;

/** Of several files with one name, as certbot has them, the first to expire. */
function secondsLeft(certificates: readonly LoadedCertificate[], now: number): ReturnType<LoadedTls["secondsLeft"]> {
  const left = new Map<string, number>();
  for (const { pair, certificate } of certificates) {
    const name = basename(pair.cert);
    left.set(name, Math.min(left.get(name) ?? Infinity, Math.round((certificate.validTo - now) / 1000)));
  }
  return [...left].map(([certificate, seconds]) => ({ certificate, seconds }));
}

type Read = {
  readonly material: TlsMaterial;
  readonly certificates: readonly LoadedCertificate[];
  readonly warnings: readonly CertificateProblem[];
  /** The same for the same contents of all files. */
  readonly fingerprint: string;
};

async function readMaterial(options: Terminate, keys: () => TicketKeys): Promise<Read> {
  const [{ loadAuthorities, loadPairs }, { wallClock }, { createServerContext }, { createClientContext }] =
    await Promise.all([
      import("../../tls/certificate-files.ts"),
      import("../../tls/certificate.ts"),
      import("../../tls/server-context.ts"),
      import("../../tls/client-context.ts"),
    ]);
  const { client, server } = options;
  const authorities = async (path: string): Promise<string> => {
    const found = await loadAuthorities(path);
    if ("message" in found) throw new Error(`${found.path}: ${found.message}`);
    return found.text;
  };
  const { loaded, problems, warnings } = await loadPairs(pairsOf(options), wallClock());
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`${problem.path}: ${problem.message}`);
  const own = loaded.filter(({ pair }) => client.certificates.includes(pair)).map(({ certificate }) => certificate);
  const shown = loaded.find(({ pair }) => pair === server.certificate)?.certificate;
  const { clientCertificates } = client;
  const serverTls: ServerTls = {
    certificates: own,
    minVersion: client.minVersion,
    ...(clientCertificates && {
      clientCertificates: { ca: await authorities(clientCertificates.ca), require: clientCertificates.require },
    }),
  };
  const ca = server.ca === "system" ? server.ca : await authorities(server.ca);
  const key = `${count++}`;
  const { verify, pin, minVersion } = server;
  const clientTls = (name: string): ClientTls => ({
    ...{ verify, ca, name: server.name ?? name, minVersion },
    ...(pin !== undefined && { pin }),
    ...(shown && { certificate: { chain: shown.chain, key: shown.key } }),
  });
  const contexts = new Map<string, { readonly tls: ClientTls; readonly context: ClientContext }>();
  const material: TlsMaterial = {
    key,
    options,
    server: serverTls,
    serverContext: createServerContext(serverTls, keys, "renew"),
    makeContext: createServerContext,
    client(name) {
      const tls = clientTls(name);
      const known = contexts.get(tls.name) ?? { tls, context: createClientContext(tls) };
      contexts.delete(tls.name);
      contexts.set(tls.name, known);
      if (contexts.size > mostNames) for (const [oldest] of [...contexts].slice(0, 1)) contexts.delete(oldest);
      return known;
    },
  };
  return { material, certificates: loaded, warnings, fingerprint: JSON.stringify([serverTls, ca, shown]) };
}

/** Of servers whose contexts are kept, on the routes where clients name them. */
const mostNames = 64;

/** Every file that it is read from. */
function filesOf(options: Terminate): readonly string[] {
  return [...pairsOf(options).flatMap(({ cert, key }) => [cert, key]), ...authoritiesOf(options)];
}
