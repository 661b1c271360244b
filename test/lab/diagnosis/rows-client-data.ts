// Failures of data connections on the client's side: how each is brought about, and what the gateway has to say of it.
import { addresses } from "../topology.ts";
import { download, joined, list, range } from "./plays.ts";
import {
  exchange,
  logIn,
  natOutside,
  otherClient,
  passive,
  publicClient,
  publicEdge,
  retrieve,
  tryConnect,
  type Ground,
  type Play,
  type Row,
} from "./stage.ts";

const ports = (first: number): readonly number[] => Array.from({ length: 10 }, (_, index) => first + index);

const outsideOfNat = /^Nobody connected to 203\.0\.113\.1:\d+, which was announced to the client 192\.168\.1\.100/;

const behindNat = ({ clientRange }: Ground, dataPorts = range(clientRange)) => ({
  clientSide: { dataPorts, advertise: natOutside },
});

/** A line of nft: this port of the NAT leads to the gateway. */
const forwarded = (port: number, to = port): string =>
  `add rule inet faults prerouting ip daddr ${natOutside} tcp dport ${port} dnat ip to ${addresses.edgeToClient.IPv4}:${to}\n`;

/** Where the NAT publishes the row's data ports. */
const published = ({ clientRange }: Ground): number => clientRange + 35_000;

const throughNat = (play: Play): Play => ({ ...play, entrance: { address: natOutside, port: play.entrance.port } });

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
    title:
      "a NAT in front of the gateway publishes its data ports under other numbers, which are the ones that are told",
    settings: (ground) => ({
      clientSide: {
        dataPorts: { listen: range(ground.clientRange), advertise: range(published(ground)) },
        advertise: natOutside,
      },
    }),
    rules: (ground) => ({
      edge: [
        forwarded(ground.entrance.port),
        ...ports(ground.clientRange).map((port, index) => forwarded(published(ground) + index, port)),
      ].join(""),
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
    title: "a NAT in front of the gateway publishes its data ports under other numbers, and forwards none of them",
    settings: (ground) => ({
      clientSide: {
        dataPorts: { listen: range(ground.clientRange), advertise: range(published(ground)) },
        advertise: natOutside,
      },
    }),
    rules: (ground) => ({ edge: forwarded(ground.entrance.port) }),
    play: (play) => download(throughNat(play)),
    fails: ["client-data-in", "nobody-came", /^Nobody connected to 203\.0\.113\.1:5\d{4}, which was announced/],
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
