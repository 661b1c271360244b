// One session of a real client with a real server, directly or through whatever stands at the target.
import { chown, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { clientProgram, clients, type ClientName } from "./clients/all.ts";
import { playMs, type Client, type Mode, type VisitTls } from "./clients/client.ts";
import type { Lab } from "./lab.ts";
import {
  needsAnyBytes,
  oddFolder,
  operationNames,
  operations,
  type OperationName,
  type Sides,
  type Task,
} from "./operations.ts";
import { account } from "./servers/blueprint.ts";
import type { Server } from "./servers/server.ts";

/** Where the client connects, and who it says it is. */
export type Target = {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly tls?: VisitTls;
};

export type SessionResult = {
  /** Per operation: `ok`, or why it failed. An operation that the client does not offer is missing. */
  readonly outcomes: Partial<Record<OperationName, string>>;
  /** What the client printed. */
  readonly printed: string;
  readonly seconds: number;
};

/** What of an operation this client offers. */
function tasks(name: ClientName, operation: OperationName): readonly Task[] {
  const client: Client = clients[name];
  if (needsAnyBytes.has(operation) && !client.anyBytes) return [];
  return operations[operation].filter(({ step }) => client.kinds.includes(step.kind));
}

export const offered = (name: ClientName): OperationName[] =>
  operationNames.filter((operation) => tasks(name, operation).length > 0);

/** The first thing that went wrong. */
async function outcome(list: readonly Task[], sides: Sides, printed: string): Promise<string> {
  for (const { step, fault } of list) {
    const found = await fault(sides, printed);
    if (found !== undefined) return `${step.kind}: ${found}`;
  }
  return "ok";
}

let sessions = 0;

/** Both sides begin empty, so a session sees nothing of the one before it. */
async function clean(lab: Lab, server: Server): Promise<string> {
  for (const entry of await readdir(server.home, { encoding: "buffer" })) {
    await rm(Buffer.concat([Buffer.from(`${server.home}/`), entry]), { recursive: true, force: true });
  }
  await mkdir(path.join(server.home, oddFolder));
  await chown(path.join(server.home, oddFolder), account.uid, account.gid);
  const folder = path.join(lab.folder, `client-${++sessions}`);
  await mkdir(folder);
  return folder;
}

/** Plays the operations in one session; `server` is where their effect is looked for. A client that hangs is killed. */
export async function play(
  lab: Lab,
  server: Server,
  target: Target,
  name: ClientName,
  mode: Mode,
  names: readonly OperationName[],
  timeoutMs = playMs,
): Promise<SessionResult> {
  const client: Client = clients[name];
  const wanted = offered(name).filter((operation) => names.includes(operation));
  const folder = await clean(lab, server);
  const sides = { home: server.home, folder };
  try {
    const list = wanted.flatMap((operation) => tasks(name, operation));
    for (const { prepare } of list) await prepare(sides);
    const began = performance.now();
    const printed = await client.play({
      lab,
      program: await clientProgram(name),
      mode,
      host: target.host,
      port: target.port,
      user: target.user ?? account.user,
      password: account.password,
      folder,
      timeoutMs,
      steps: list.map(({ step }) => step),
      ...(target.tls && { tls: target.tls }),
    });
    const seconds = (performance.now() - began) / 1000;
    const outcomes: Partial<Record<OperationName, string>> = {};
    for (const operation of wanted) {
      outcomes[operation] = await outcome(tasks(name, operation), sides, printed);
    }
    return { outcomes, printed, seconds };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
