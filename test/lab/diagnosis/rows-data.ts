// Failures of data connections: how each is brought about, and what the gateway has to say of it.
import { setTimeout as sleep } from "node:timers/promises";
import { addresses } from "../topology.ts";
import {
  active,
  exchange,
  logIn,
  otherClient,
  otherServer,
  passive,
  publicClient,
  publicEdge,
  retrieve,
  strangeServer,
  tryConnect,
  natOutside,
  type Ground,
  type Play,
  type Row,
} from "./stage.ts";

const range = (first: number): string => `${first}-${first + 9}`;

const ports = (first: number): readonly number[] => Array.from({ length: 10 }, (_, index) => first + index);

const outsideOfNat = /^Nobody connected to 203\.0\.113\.1:\d+, which was announced to the client 192\.168\.1\.100/;

const behindNat = ({ clientRange }: Ground, dataPorts = range(clientRange)) => ({
  clientSide: { dataPorts, advertise: natOutside },
});

/** A line of nft: this port of the NAT leads to the gateway. */
const forwarded = (port: number, to = port): string =>
  `add rule inet faults prerouting ip daddr ${natOutside} tcp dport ${port} dnat ip to ${addresses.edgeToClient.IPv4}:${to}\n`;

const throughNat = (play: Play): Play => ({ ...play, entrance: { address: natOutside, port: play.entrance.port } });

/** PASV and RETR; the client's data connection goes to what it was told. */
async function download(play: Play, from?: string): Promise<void> {
  const session = await logIn(play);
  const told = await passive(session, play.serverOwn);
  tryConnect(play.stage.client, told, from);
  await retrieve(session);
}

/** PORT and LIST; the server does as it is told, or not. */
async function list(play: Play, connect?: { from?: string }): Promise<void> {
  const session = await logIn(play);
  const told = await active(session, play.clientOwn);
  if (connect === undefined) await exchange(session, "LIST", "150 Here it comes");
  else {
    tryConnect(play.stage.server, told, connect.from);
    session.control.write("LIST\r\n");
  }
}

/** The client has come; the server's data port is what it is. */
export async function reachServer(play: Play, announced?: string): Promise<void> {
  const session = await logIn(play);
  tryConnect(play.stage.client, await passive(session, play.serverOwn, announced));
  session.control.write("RETR a\r\n");
}

/** A data connection that is made: the client's end and the server's. */
export async function joined(play: Play) {
  const { stage, serverOwn } = play;
  const data = await stage.server.listen(addresses.server.IPv4, serverOwn);
  const session = await logIn(play);
  const told = await passive(session, serverOwn);
  const accepting = data.accept();
  const client = await stage.client.connect(told.host, told.port);
  const server = await accepting;
  await retrieve(session);
  return { session, client, server };
}

export const clientSideRows: readonly Row[] = [
  {
    title: "a firewall in front of the gateway drops what comes to its data ports",
    rules: ({ clientRange }) => ({ edge: `add rule inet faults input tcp dport ${range(clientRange)} drop` }),
    play: (play) => download(play),
    fails: ["client-data-in", "nobody-came", /^Nobody connected to 192\.168\.1\.1:\d+, .* 192\.168\.1\.100\.$/],
  },
  {
    title: "a firewall in front of the gateway resets what comes to its data ports",
    rules: ({ clientRange }) => ({
      edge: `add rule inet faults input tcp dport ${range(clientRange)} reject with tcp reset`,
    }),
    play: (play) => download(play),
    fails: ["client-data-in", "nobody-came", /^Nobody connected to 192\.168\.1\.1:\d+/],
  },
  {
    title: "the client gives up before anybody has come",
    rules: ({ clientRange }) => ({ edge: `add rule inet faults input tcp dport ${range(clientRange)} drop` }),
    async play(play) {
      const session = await logIn(play);
      tryConnect(play.stage.client, await passive(session, play.serverOwn));
      session.control.end();
    },
    fails: ["client-data-in", "nobody-came", /^Nobody connected to 192\.168\.1\.1:\d+/],
  },
  {
    title: "the advertised address is wrong",
    settings: ({ clientRange }) => ({
      clientSide: { dataPorts: range(clientRange), advertise: "203.0.113.7" },
    }),
    play: (play) => download(play),
    fails: ["client-data-in", "nobody-came", /^Nobody connected to 203\.0\.113\.7:\d+/],
  },
  {
    title: "a private address is advertised to a client on the Internet",
    settings: ({ clientRange, entrance }) => ({
      listen: [`${publicEdge}:${entrance.port}`],
      clientSide: { dataPorts: range(clientRange), advertise: "10.99.0.1" },
    }),
    async play(play) {
      const moved = { ...play, entrance: { address: publicEdge, port: play.entrance.port } };
      const session = await logIn(moved, publicClient);
      tryConnect(play.stage.client, await passive(session, play.serverOwn), publicClient);
      await retrieve(session);
    },
    fails: ["client-data-in", "private-address", /10\.99\.0\.1:\d+: a private address .* 198\.51\.100\.100/],
  },
  {
    title: "a NAT in front of the gateway forwards the control port and no data port",
    settings: behindNat,
    rules: (ground) => ({ edge: forwarded(ground.entrance.port) }),
    play: (play) => download(throughNat(play)),
    fails: ["client-data-in", "nobody-came", outsideOfNat],
  },
  {
    title: "a NAT in front of the gateway forwards a part of its data ports",
    settings: behindNat,
    rules: ({ entrance, clientRange }) => ({ edge: forwarded(entrance.port) + forwarded(clientRange) }),
    async play(play) {
      const session = await logIn(throughNat(play));
      let told = await passive(session, play.serverOwn);
      // One of ten would do.
      while (told.port === play.clientRange) told = await passive(session, play.serverOwn);
      tryConnect(play.stage.client, told);
      await retrieve(session);
    },
    fails: ["client-data-in", "nobody-came", outsideOfNat],
  },
  {
    title: "the port map of a NAT in front of the gateway is off by one",
    settings: (ground) => behindNat(ground, `${ground.clientRange}-${ground.clientRange}`),
    rules: ({ entrance, clientRange }) => ({
      edge: forwarded(entrance.port) + forwarded(clientRange, clientRange + 1),
    }),
    play: (play) => download(throughNat(play)),
    fails: ["client-data-in", "nobody-came", outsideOfNat],
  },
  {
    title: "a NAT in front of the gateway forwards all, and that is no failure",
    settings: behindNat,
    rules: ({ entrance, clientRange }) => ({
      edge: [entrance.port, ...ports(clientRange)].map((port) => forwarded(port)).join(""),
    }),
    async play(play) {
      const { session, client, server } = await joined(throughNat(play));
      server.end();
      await client.rest();
      client.end();
      session.server.write("226 Done\r\n");
      await session.control.reply();
      await exchange(session, "QUIT", "221 Bye");
    },
  },
  {
    title: "a NAT gives the client's data connection another address of its network",
    play: (play) => download(play, otherClient),
    fails: ["client-data-in", "other-address", /^192\.168\.1\.101 connected to .* the client 192\.168\.1\.100/],
  },
  {
    title: "a client behind two addresses connects from the other one",
    play: (play) => download(play, publicClient),
    fails: ["client-data-in", "stranger-came", /^198\.51\.100\.100 connected to .* the client 192\.168\.1\.100/],
  },
  {
    title: "an active client refuses the data connection",
    play: (play) => list(play, {}),
    fails: ["client-data-out", "refused", /^192\.168\.1\.100:\d+ of the client refused .*ECONNREFUSED/],
  },
  {
    title: "a firewall in front of an active client drops the data connection",
    rules: ({ clientOwn }) => ({ client: `add rule inet faults input tcp dport ${clientOwn} drop` }),
    play: (play) => list(play, {}),
    fails: ["client-data-out", "timed-out", /^192\.168\.1\.100:\d+ of the client did not answer/],
  },
  {
    title: "a firewall in front of an active client says that it can't be reached",
    rules: ({ clientOwn }) => ({
      client: `add rule inet faults input tcp dport ${clientOwn} reject with icmpx host-unreachable`,
    }),
    play: (play) => list(play, {}),
    fails: ["client-data-out", "unreachable", /EHOSTUNREACH/],
  },
  {
    title: "the client breaks the data connection",
    async play(play) {
      const { client, server } = await joined(play);
      server.write(`${"x".repeat(1000)}\n`);
      await client.line();
      client.reset();
    },
    fails: ["client-data-in", "reset", /^The client 192\.168\.1\.100 broke the data connection/],
  },
  {
    title: "full-size packets to the client are lost (MTU)",
    rules: ({ clientRange }) => ({
      client: `add rule inet faults input tcp sport ${range(clientRange)} meta length > 1000 drop`,
    }),
    play: async (play) => (await joined(play)).server.write("x".repeat(100_000)),
    fails: [
      "client-data-in",
      "big-packets-lost",
      /^Full-size packets are lost .* 192\.168\.1\.100: .* was acknowledged/,
    ],
  },
];

export const serverSideRows: readonly Row[] = [
  {
    title: "the server never connects",
    play: (play) => list(play),
    fails: ["server-data-in", "nobody-came", /^Nobody connected to 10\.0\.0\.1:\d+, .* the server 10\.0\.0\.5\.$/],
  },
  {
    title: "a firewall drops the server's data connection",
    rules: ({ serverRange }) => ({ edge: `add rule inet faults input tcp dport ${range(serverRange)} drop` }),
    async play(play) {
      const session = await logIn(play);
      tryConnect(play.stage.server, await active(session, play.clientOwn));
      await exchange(session, "LIST", "425 Can't build data connection: Connection timed out.");
    },
    fails: ["server-data-in", "nobody-came", /^Nobody connected to 10\.0\.0\.1:\d+/],
  },
  {
    title: "the server connects from another address of its network",
    play: (play) => list(play, { from: otherServer }),
    fails: ["server-data-in", "other-address", /^10\.0\.0\.6 connected to .* the server 10\.0\.0\.5/],
  },
  {
    title: "the server connects from somewhere else",
    play: (play) => list(play, { from: strangeServer }),
    fails: ["server-data-in", "stranger-came", /^198\.18\.0\.5 connected to .* the server 10\.0\.0\.5/],
  },
  {
    title: "a firewall in front of the server drops connections to its passive ports",
    rules: ({ serverOwn }) => ({ server: `add rule inet faults input tcp dport ${serverOwn} drop` }),
    play: (play) => reachServer(play),
    fails: ["server-data-out", "timed-out", /^10\.0\.0\.5:\d+ of the server did not answer/],
  },
  {
    title: "the server's passive port answers with a reset",
    play: (play) => reachServer(play),
    fails: ["server-data-out", "refused", /^10\.0\.0\.5:\d+ of the server refused .*ECONNREFUSED/],
  },
  {
    title: "a firewall in front of the server says that it can't be reached",
    rules: ({ serverOwn }) => ({
      server: `add rule inet faults input tcp dport ${serverOwn} reject with icmpx host-unreachable`,
    }),
    play: (play) => reachServer(play),
    fails: ["server-data-out", "unreachable", /EHOSTUNREACH/],
  },
  {
    title: "a server behind a NAT of its own announces an address behind it, and its ports are not forwarded",
    play: (play) => reachServer(play, "172.31.0.7"),
    fails: ["server-data-out", "refused", /10\.0\.0\.5:\d+ .* It had announced 172\.31\.0\.7/],
  },
  {
    title: "the server breaks the data connection",
    async play(play) {
      const { server } = await joined(play);
      server.reset();
    },
    fails: ["server-data-out", "reset", /^The server 10\.0\.0\.5 broke the data connection/],
  },
  {
    title: "a transfer stands still in the middle",
    async play(play) {
      const { server } = await joined(play);
      server.write("x".repeat(1000));
    },
    fails: ["server-data-out", "stalled", /^The data connection of the server 10\.0\.0\.5 stands still/],
  },
  {
    title: "full-size packets from the server are lost (MTU)",
    rules: ({ serverOwn }) => ({
      edge: `add rule inet faults input tcp sport ${serverOwn} meta length > 1000 drop`,
    }),
    async play(play) {
      const { server } = await joined(play);
      server.write("x".repeat(5000));
      await sleep(100);
      // What is small passes.
      server.write("end");
    },
    fails: [
      "server-data-out",
      "big-packets-lost",
      /^Full-size packets are lost .* 10\.0\.0\.5: .* behind them has come/,
    ],
  },
  {
    title: "the server never says what became of the transfer",
    async play(play) {
      const { server, client } = await joined(play);
      server.write("x");
      server.end();
      await client.rest();
      client.end();
    },
    fails: ["server-control", "no-reply", /did not answer what became of RETR/],
  },
];
