// Failures of data connections that the kernel carries.
import { setTimeout as sleep } from "node:timers/promises";
import { download, joined, list, reachServer } from "./plays.ts";
import { logIn, otherClient, otherServer, passive, publicClient, retrieve, tryConnect, type Row } from "./stage.ts";

const byKernel = () => ({ dataPlane: "kernel" });

/** The gateway carries no byte: what the kernel tells of its connections has to suffice. */
export const kernelRows: readonly Row[] = [
  {
    title: "kernel plane: nobody comes to the data port",
    settings: byKernel,
    async play(play) {
      const session = await logIn(play);
      await passive(session, play.serverOwn);
      await retrieve(session);
    },
    fails: ["client-data-in", "nobody-came", /^Nobody connected to 192\.168\.1\.1:\d+, .* 192\.168\.1\.100\.$/],
  },
  {
    title: "kernel plane: a NAT gives the client's data connection another address of its network",
    settings: byKernel,
    play: (play) => download(play, otherClient),
    fails: ["client-data-in", "other-address", /^192\.168\.1\.101 connected to .* the client 192\.168\.1\.100/],
  },
  {
    title: "kernel plane: a client behind two addresses connects from the other one and gives up",
    settings: byKernel,
    async play(play) {
      const session = await logIn(play);
      tryConnect(play.stage.client, await passive(session, play.serverOwn), publicClient);
      await sleep(500);
      session.control.end();
    },
    fails: ["client-data-in", "stranger-came", /^198\.51\.100\.100 connected to .* the client 192\.168\.1\.100/],
  },
  {
    title: "kernel plane: the server connects from another address of its network",
    settings: byKernel,
    play: (play) => list(play, { from: otherServer }),
    fails: ["server-data-in", "other-address", /^10\.0\.0\.6 connected to .* the server 10\.0\.0\.5/],
  },
  {
    title: "kernel plane: the client's SYN is seen, and the server does not answer it",
    settings: byKernel,
    rules: ({ serverOwn }) => ({ server: `add rule inet faults input tcp dport ${serverOwn} drop` }),
    play: (play) => reachServer(play),
    fails: ["server-data-out", "timed-out", /^10\.0\.0\.5:\d+ of the server did not answer/],
  },
  {
    title: "kernel plane: the server's passive port answers with a reset",
    settings: byKernel,
    play: (play) => reachServer(play),
    fails: ["server-data-out", "refused", /^10\.0\.0\.5:\d+ of the server refused/],
  },
  {
    title: "kernel plane: the server breaks the data connection",
    settings: byKernel,
    play: async (play) => (await joined(play)).server.reset(),
    fails: ["server-data-out", "reset", /^The server 10\.0\.0\.5 broke the data connection/],
  },
  {
    title: "kernel plane: a transfer stands still in the middle",
    settings: byKernel,
    play: async (play) => (await joined(play)).server.write("x".repeat(1000)),
    fails: ["server-data-out", "stalled", /^The data connection of the server 10\.0\.0\.5 stands still/],
  },
];
