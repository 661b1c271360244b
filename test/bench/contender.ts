// Who takes part: going direct, our planes, and peers. What stands in the edge is opened, has to carry one small file in each
// of its modes, and is asked then how it did that.
import type { Running } from "../lab/process.ts";
import { converse } from "./conversation.ts";
import type { Stage } from "./stage.ts";

export type Mode = "active" | "passive";

/** `light` answers at once and is all but free; `vsftpd` starts processes for each session, as many real servers do. */
export type ServerName = "light" | "vsftpd" | TlsServerName;

/** The light one, where the connections of clients begin with TLS: in clear behind the contender, or under TLS as well. */
export type TlsServerName = "tls" | "tls-both";

/** How a client reaches one of the servers through the contender, or directly. */
export type Entrance = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly modes: readonly Mode[];
  /** Its connections begin with TLS, or are asked for it. */
  readonly security?: "tls" | "auth";
};

/** Host, port and user, as the clients of the bench take them. */
export const who = ({ host, port, user, security }: Entrance): [string, string, string] => [
  host,
  security === undefined ? `${port}` : `${port}/${security}`,
  user,
];

export type Contender = {
  /** Name and version for the table. */
  readonly title: string;
  readonly entrances: Readonly<Partial<Record<ServerName, Entrance>>>;
  /** Its process in the edge; none where the kernel alone does it. */
  readonly process?: Running;
  /** It starts a process for each session, so thousands are too many. */
  readonly processPerSession?: boolean;
  /** Where our own gateways tell their metrics. */
  readonly metrics?: string;
  /** What it or its log said last. */
  log?(): Promise<string>;
  /** Why it does not do what its name says, after transfers; undefined if it does. */
  fault?(): Promise<string | undefined>;
  stop(): Promise<void>;
};

export type Candidate = {
  readonly name: string;
  readonly kind: "direct" | "ours" | "peer";
  open(stage: Stage): Promise<Contender>;
};

const startMs = 15_000;
const probeMs = 10_000;
const pauseMs = 100;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pauseMs));

/** One file of 1 KiB; undefined once that went well, or why it did not. */
async function probe(stage: Stage, entrance: Entrance, mode: Mode): Promise<string | undefined> {
  try {
    await converse(stage.python("client", "small_files.py", [...who(entrance), mode, 1, 1]), probeMs);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Until it answers, or has ended, or its time is over. */
async function patientProbe(
  stage: Stage,
  { process }: Contender,
  entrance: Entrance,
  mode: Mode,
): Promise<string | undefined> {
  let ended = false;
  void process?.ended.then(() => {
    ended = true;
  });
  const deadline = performance.now() + startMs;
  for (;;) {
    const fault = await probe(stage, entrance, mode);
    if (fault === undefined || !/refused/i.test(fault) || ended || performance.now() > deadline) return fault;
    await pause();
  }
}

/** Opens a candidate and proves that it works; rejects with the reason why it can't take part. */
export async function admit(stage: Stage, candidate: Candidate): Promise<Contender> {
  const contender = await candidate.open(stage);
  try {
    for (const [server, entrance] of Object.entries(contender.entrances)) {
      if (server === "vsftpd" && stage.withoutVsftpd !== undefined) continue;
      for (const mode of entrance.modes) {
        const fault = await patientProbe(stage, contender, entrance, mode);
        if (fault !== undefined) throw new Error(`${mode}: ${fault}${await logged(contender)}`);
      }
    }
    const fault = await contender.fault?.();
    if (fault !== undefined) throw new Error(fault);
    return contender;
  } catch (error) {
    await contender.stop();
    throw error;
  }
}

async function logged(contender: Contender): Promise<string> {
  const words = (await contender.log?.()) ?? "";
  return words === "" ? "" : ` (${words})`;
}
