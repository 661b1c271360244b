// What one real FTP client has to say for itself: how a list of steps becomes its own script or command line. What came of
// the steps is read from the files on both sides, not from the client's words.
import type { Lab } from "../lab.ts";
import type { Program, ProgramName } from "../programs.ts";
import type { Family } from "../topology.ts";

export type Mode = "active" | "passive";

/** Names on the server are bytes, held one per character (latin1); local names are plain ASCII. */
export type Step =
  | { readonly kind: "list" }
  | { readonly kind: "download"; readonly remote: string; readonly local: string }
  /** The local file holds the beginning already. */
  | { readonly kind: "resume"; readonly remote: string; readonly local: string }
  | { readonly kind: "upload"; readonly local: string; readonly remote: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "delete"; readonly remote: string };

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** TLS on control and data connections. */
export type VisitTls = {
  readonly security: "explicit" | "implicit";
  /** No other one. */
  readonly version: TlsVersion;
  /** PEM: who has signed the certificate, which is for the host that is connected to. */
  readonly ca: string;
};

export type Visit = {
  readonly lab: Lab;
  readonly program: Program | undefined;
  readonly mode: Mode;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Where the client's files are, and its home directory. */
  readonly folder: string;
  /** Each of its processes is killed after it. */
  readonly timeoutMs: number;
  readonly steps: readonly Step[];
  readonly tls?: VisitTls;
};

export type Client = {
  /** Its program; undefined for a library that is a dependency of this project. */
  readonly program?: ProgramName;
  readonly title?: string;
  /** What its program needs besides. */
  readonly needs?: readonly ProgramName[];
  readonly modes: readonly Mode[];
  readonly families: readonly Family[];
  /** Kinds of steps that the software offers. */
  readonly kinds: readonly Step["kind"][];
  /** Whether it can say a name that is not valid UTF-8. */
  readonly anyBytes: boolean;
  /** How it speaks TLS, if it does and that is tested. */
  readonly security?: readonly VisitTls["security"][];
  /** It is played under TLS and not in clear. */
  readonly isTlsOnly?: true;
  /** Performs the steps in order, as few processes as it allows; gives everything that was printed. */
  play(visit: Visit): Promise<string>;
};

export const allKinds: readonly Step["kind"][] = ["list", "download", "resume", "upload", "rename", "delete"];
export const bothModes: readonly Mode[] = ["active", "passive"];
export const bothFamilies: readonly Family[] = ["IPv4", "IPv6"];

/** A client that keeps trying is cut off; a session takes a second or two. */
export const playMs = 40_000;

/** A dead data connection is given up after this many seconds, where the client can be told. */
export const patienceSeconds = 6;

/** Bytes percent-encoded for an ftp URL. */
export const inUrl = (bytes: string): string =>
  bytes.replace(/[^\w.~-]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);

export const hostInUrl = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** `ftp://user:password@host:port/`, everything encoded. */
export const rootUrl = ({ user, password, host, port, tls }: Visit): string =>
  `${tls?.security === "implicit" ? "ftps" : "ftp"}://${inUrl(user)}:${inUrl(password)}@${hostInUrl(host)}:${port}/`;

/** One process in the client's namespace and folder. */
export async function launch(visit: Visit, args: readonly string[], input = ""): Promise<string> {
  const { lab, program, folder, timeoutMs } = visit;
  const command = program === undefined ? args : [program.path, ...args];
  const { stdout, stderr, timedOut, status } = await lab.run("client", command, {
    cwd: folder,
    env: { ...program?.env, HOME: folder, LC_ALL: "C.UTF-8", TERM: "dumb" },
    input: Buffer.from(input, "latin1"),
    timeoutMs,
  });
  const ending = timedOut ? "[did not end in time]" : `[exit ${String(status)}]`;
  return `${stdout.toString("latin1")}${stderr.toString("latin1")}${ending}\n`;
}
