// The stage of the failures: one lab and one gateway process, in which each row has an entrance, a server and ranges of ports of its
// own, so that all are played at once.
import { setTimeout as sleep } from "node:timers/promises";
import { startGateway, type LabGateway } from "../gateway.ts";
import { createLab, type Lab } from "../lab.ts";
import { startPuppet, type Puppet, type RawConnection, type RawListener } from "../puppet.ts";
import { addresses, places, type Place } from "../topology.ts";

/** The client's address on the public Internet, and the gateway's there. */
export const publicClient = "198.51.100.100";
export const publicEdge = "198.51.100.1";
/** The public address of a NAT in front of the gateway, on the same machine. What it does not forward, it refuses. */
export const natOutside = "203.0.113.1";
/** Others of the client, in its network and elsewhere. */
export const otherClient = "192.168.1.101";
/** Others of the server. */
export const otherServer = "10.0.0.6";
export const strangeServer = "198.18.0.5";

/** What belongs to one row alone. */
export type Ground = {
  readonly name: string;
  readonly entrance: { readonly address: string; readonly port: number };
  readonly serverPort: number;
  /** Ten each, from here. */
  readonly clientRange: number;
  readonly serverRange: number;
  readonly clientOwn: number;
  readonly serverOwn: number;
};

export type Failure = {
  readonly hop: string;
  readonly cause: string;
  readonly sentence: string;
  readonly advice: string;
};

export type Play = Ground & {
  readonly stage: Stage;
  /** The server's listener. */
  readonly listener: RawListener;
};

export type Row = {
  readonly title: string;
  /** More of the gateway's settings. */
  readonly settings?: (ground: Ground) => object;
  /** Lines of nft: `input` and `output` are chains of each place. */
  readonly rules?: (ground: Ground) => Partial<Record<Place, string>>;
  readonly play: (play: Play) => Promise<void>;
  /** Undefined: no failure. */
  readonly fails?: readonly [hop: string, cause: string, says: RegExp];
};

export type Stage = {
  readonly lab: Lab;
  readonly client: Puppet;
  readonly server: Puppet;
  readonly gateway: LabGateway;
  failureOf(name: string): Failure | undefined;
  load(place: Place, rules: string): Promise<void>;
  remove(): Promise<void>;
};

export function groundOf(index: number): Ground {
  return {
    name: `row-${index}`,
    entrance: { address: addresses.edgeToClient.IPv4, port: 2100 + index },
    serverPort: 3000 + index,
    clientRange: 20_000 + 10 * index,
    serverRange: 30_000 + 10 * index,
    clientOwn: 40_000 + 10 * index,
    serverOwn: 45_000 + 10 * index,
  };
}

export const timeouts = {
  ...{ connect: "1s", login: "3s", idle: "4s", pinhole: "1s", dataStall: "2s", linger: "1s" },
};

const chains = `table inet faults {
  chain input { type filter hook input priority -10; }
  chain output { type filter hook output priority -10; }
  chain prerouting { type nat hook prerouting priority dstnat; }
}
`;

const moreAddresses: Record<Place, string> = {
  client: `addr add ${publicClient}/24 dev lan\naddr add ${otherClient}/24 dev lan\n`,
  edge: `addr add ${publicEdge}/24 dev lan\naddr add ${natOutside}/32 dev lan\nroute add ${strangeServer} via ${addresses.server.IPv4}\n`,
  server: `addr add ${strangeServer}/32 dev lo\n`,
};

function settingsOf(row: Row, ground: Ground) {
  const { name, entrance, serverPort, clientRange, serverRange } = ground;
  return {
    name,
    listen: [`${entrance.address}:${entrance.port}`],
    route: { server: `${addresses.server.IPv4}:${serverPort}` },
    clientSide: { dataPorts: `${clientRange}-${clientRange + 9}` },
    serverSide: { dataPorts: `${serverRange}-${serverRange + 9}` },
    timeouts,
    // What the kernel plane carries passes no chain `input`.
    dataPlane: "relay",
    ...row.settings?.(ground),
  };
}

export async function setStage(rows: readonly (readonly [Row, Ground])[]): Promise<Stage> {
  const lab = await createLab();
  for (const place of places) {
    const rules = rows.map(([row, ground]) => row.rules?.(ground)[place] ?? "").join("\n");
    const done = await lab.run(place, ["nft", "-f", "-"], { input: chains + rules });
    if (done.status !== 0) throw new Error(`nft at ${place}: ${done.stderr.toString()}`);
    const added = await lab.run(place, ["ip", "-batch", "-"], { input: moreAddresses[place] });
    if (added.status !== 0) throw new Error(`ip at ${place}: ${added.stderr.toString()}`);
  }
  const gateway = await startGateway(
    lab,
    rows.map(([row, ground]) => settingsOf(row, ground)),
  );
  const [client, server] = await Promise.all([startPuppet(lab, "client"), startPuppet(lab, "server")]);
  return {
    lab,
    client,
    server,
    gateway,
    failureOf: (name) => failureIn(gateway, name),
    async load(place, rules) {
      const done = await lab.run(place, ["nft", "-f", "-"], { input: rules });
      if (done.status !== 0) throw new Error(`nft at ${place}: ${done.stderr.toString()}`);
    },
    async remove() {
      await Promise.all([client.stop(), server.stop(), gateway.stop()]);
      await lab.remove();
    },
  };
}

/** The same stage with a process of its own for one row. */
export async function withOwnGateway(stage: Stage, row: Row, ground: Ground): Promise<Stage> {
  const gateway = await startGateway(stage.lab, [settingsOf(row, ground)]);
  return { ...stage, gateway, failureOf: (name) => failureIn(gateway, name) };
}

function failureIn(gateway: LabGateway, name: string): Failure | undefined {
  return gateway.logged("session failed").find((line) => line["gateway"] === name) as Failure | undefined;
}

/** Plays a row, and waits until its failure is logged. */
export async function playRow(stage: Stage, row: Row, ground: Ground): Promise<void> {
  const listener = await stage.server.listen(addresses.server.IPv4, ground.serverPort);
  await row.play({ ...ground, stage, listener });
  if (row.fails === undefined) return;
  for (let waited = 0; waited < 8000 && stage.failureOf(ground.name) === undefined; waited += 50) await sleep(50);
}

export type Session = { readonly control: RawConnection; readonly server: RawConnection };

export async function connectBoth({ stage, entrance, listener }: Play, from?: string): Promise<Session> {
  const accepting = listener.accept();
  const control = await stage.client.connect(entrance.address, entrance.port, undefined, from);
  return { control, server: await accepting };
}

export async function logIn(play: Play, from?: string): Promise<Session> {
  const session = await connectBoth(play, from);
  session.server.write("220 ready\r\n");
  await session.control.reply();
  await exchange(session, "USER u", "230 in");
  return session;
}

/** The client's command reaches the server, which answers; gives the client's reply. */
export async function exchange({ control, server }: Session, command: string, answer: string): Promise<string> {
  control.write(`${command}\r\n`);
  await server.line();
  server.write(`${answer}\r\n`);
  return control.reply();
}

const portWords = (port: number): string => `${port >> 8},${port & 255}`;

/** PASV through the gateway; the server announces `port` at `announced`. Gives the client's endpoint. */
export async function passive(session: Session, port: number, announced: string = addresses.server.IPv4) {
  const reply = await exchange(
    session,
    "PASV",
    `227 Entering Passive Mode (${announced.replaceAll(".", ",")},${portWords(port)})`,
  );
  const [h1, h2, h3, h4, p1, p2] = (/\(([\d,]+)\)/.exec(reply)?.[1] ?? "").split(",").map(Number);
  if (p2 === undefined) throw new Error(`no 227: ${reply}`);
  return { host: `${h1}.${h2}.${h3}.${h4}`, port: (p1 ?? 0) * 256 + p2 };
}

/** PORT through the gateway; gives the endpoint that the server is told. */
export async function active({ control, server }: Session, port: number, answer = "200 ok") {
  control.write(`PORT ${addresses.client.IPv4.replaceAll(".", ",")},${portWords(port)}\r\n`);
  const told = await server.line();
  const [h1, h2, h3, h4, p1, p2] = told
    .replace(/^PORT /, "")
    .split(",")
    .map(Number);
  server.write(`${answer}\r\n`);
  const reply = await control.reply();
  return { host: `${h1}.${h2}.${h3}.${h4}`, port: (p1 ?? 0) * 256 + (p2 ?? 0), reply };
}

/** RETR, which the server begins. */
export async function retrieve(session: Session): Promise<string> {
  return exchange(session, "RETR a", "150 Here it comes");
}

/** A connection that need not come about. */
export function tryConnect(puppet: Puppet, to: { host: string; port: number }, from?: string): void {
  puppet.connect(to.host, to.port, undefined, from).catch(() => {});
}
