// Failures of data connections on the server's side: how each is brought about, and what the gateway has to say of it.
import { setTimeout as sleep } from "node:timers/promises";
import { joined, list, range, reachServer } from "./plays.ts";
import { active, exchange, logIn, otherServer, strangeServer, tryConnect, type Row } from "./stage.ts";

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
