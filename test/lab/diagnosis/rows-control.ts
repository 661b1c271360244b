// Failures of control connections and of the gateway itself, and refusals, which are none.
import { addresses } from "../topology.ts";
import { active, connectBoth, exchange, logIn, passive, type Play, type Row } from "./stage.ts";

/** A client that connects and reads what it is told. */
async function visit({ stage, entrance }: Play): Promise<string> {
  const control = await stage.client.connect(entrance.address, entrance.port);
  return control.reply();
}

export const controlRows: readonly Row[] = [
  {
    title: "the server is down",
    settings: () => ({ route: { server: `${addresses.server.IPv4}:1` } }),
    play: async (play) => void (await visit(play)),
    fails: ["server-control", "refused", /10\.0\.0\.5:1 .*ECONNREFUSED/],
  },
  {
    title: "no server of a pool is there",
    settings: () => ({ route: { servers: [`${addresses.server.IPv4}:1`, `${addresses.server.IPv4}:2`] } }),
    play: async (play) => void (await visit(play)),
    fails: ["server-control", "no-server-up", /10\.0\.0\.5:1 .*ECONNREFUSED/],
  },
  {
    title: "a firewall drops connections to the server",
    rules: ({ serverPort }) => ({ server: `add rule inet faults input tcp dport ${serverPort} drop` }),
    play: async (play) => void (await visit(play)),
    fails: ["server-control", "timed-out", /did not answer .*10\.0\.0\.5:\d+ timed out/],
  },
  {
    title: "there is no way to the server",
    rules: ({ serverPort }) => ({
      server: `add rule inet faults input tcp dport ${serverPort} reject with icmpx host-unreachable`,
    }),
    play: async (play) => void (await visit(play)),
    fails: ["server-control", "unreachable", /EHOSTUNREACH/],
  },
  {
    title: "the server is silent",
    play: async (play) => void (await connectBoth(play).then(({ control }) => control.reply())),
    fails: ["server-control", "no-greeting", /10\.0\.0\.5:\d+ took the control connection and sent no greeting/],
  },
  {
    title: "the server's name does not resolve",
    settings: () => ({ route: { server: "no-such-host.invalid:21" } }),
    play: async (play) => void (await visit(play)),
    fails: ["server-control", "name-unresolved", /no-such-host\.invalid/],
  },
  {
    title: "the server is full",
    async play(play) {
      const { server, control } = await connectBoth(play);
      server.write("421 Too many users.\r\n");
      await control.reply();
    },
    fails: ["server-control", "turned-away", /421 Too many users/],
  },
  {
    title: "the server does not want this gateway",
    async play(play) {
      const { server, control } = await connectBoth(play);
      server.write("530 Not from there.\r\n");
      await control.reply();
    },
    fails: ["server-control", "turned-away", /530 Not from there/],
  },
  {
    title: "the server closes the session without a word",
    play: async (play) => (await logIn(play)).server.end(),
    fails: ["server-control", "closed", /10\.0\.0\.5:\d+ closed the control connection/],
  },
  {
    title: "the server crashes",
    play: async (play) => (await logIn(play)).server.reset(),
    fails: ["server-control", "reset", /10\.0\.0\.5:\d+ broke: .*ECONNRESET/],
  },
  {
    title: "a NAT in front of the server forgets the idle control connection",
    async play(play) {
      const { control } = await logIn(play);
      await play.stage.load(
        "server",
        `add rule inet faults input tcp dport ${play.serverPort} reject with tcp reset\n`,
      );
      control.write("NOOP\r\n");
    },
    fails: ["server-control", "reset", / broke: .*(ECONNRESET|EPIPE)/],
  },
  {
    title: "a NAT in front of the client forgets the idle control connection",
    async play(play) {
      const { server } = await logIn(play);
      const { port } = play.entrance;
      await play.stage.load("client", `add rule inet faults input tcp sport ${port} reject with tcp reset\n`);
      server.write("421-Hello\r\n");
    },
    fails: ["client-control", "reset", /^The control connection of the client 192\.168\.1\.100 broke: .*ECONNRESET/],
  },
  {
    title: "the server hangs in the middle of a session",
    async play(play) {
      const { control } = await logIn(play);
      control.write("STAT\r\n");
    },
    fails: ["server-control", "no-reply", /10\.0\.0\.5:\d+ did not answer STAT/],
  },
  {
    title: "the server rejects PORT",
    async play(play) {
      await active(await logIn(play), play.clientOwn, "500 Illegal PORT command");
    },
    fails: ["server-control", "rejected", /PORT answered 500 Illegal PORT command.* connect to 10\.0\.0\.1:\d+/],
  },
  {
    title: "the server announces nothing that can be read",
    async play(play) {
      await exchange(await logIn(play), "PASV", "227 Entering Passive Mode");
    },
    fails: ["server-control", "no-endpoint", /PASV answered 227/],
  },
  {
    title: "no data port is free",
    settings: ({ clientRange }) => ({ clientSide: { dataPorts: `${clientRange}-${clientRange}` } }),
    async play(play) {
      await passive(await logIn(play), play.serverOwn);
      await exchange(await logIn(play), "PASV", `227 Entering Passive Mode (10,0,0,5,200,10)`);
    },
    fails: ["gateway", "ports-exhausted", /^No data port is free/],
  },
  {
    title: "the server is the gateway itself",
    // The check of the configuration does not know what addresses this machine has.
    settings: ({ entrance }) => ({
      listen: [`0.0.0.0:${entrance.port}`],
      route: { server: `${addresses.edgeToServer.IPv4}:${entrance.port}` },
    }),
    play: async (play) => void (await visit(play)),
    fails: ["gateway", "loop", /^The server 10\.0\.0\.1:\d+ is this gateway itself/],
  },
  {
    title: "a low port is refused, and that is no failure",
    async play(play) {
      const { control } = await logIn(play);
      if (!(await control.command("PORT 192,168,1,100,0,22")).startsWith("504 ")) throw new Error("not refused");
    },
  },
  {
    title: "a foreign address is refused, and that is no failure",
    settings: () => ({ policy: { foreignAddress: "refuse" } }),
    async play(play) {
      const { control } = await logIn(play);
      if (!(await control.command("PORT 203,0,113,9,200,10")).startsWith("504 ")) throw new Error("not refused");
    },
  },
  {
    title: "a server that greets late, and in time, is no failure",
    async play(play) {
      const session = await connectBoth(play);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      session.server.write("220 ready\r\n");
      await session.control.reply();
      await exchange(session, "USER u", "230 in");
    },
  },
  {
    title: "a file that is not there is no failure",
    async play(play) {
      const session = await logIn(play);
      await passive(session, play.serverOwn);
      await exchange(session, "RETR a", "550 No such file.");
      await exchange(session, "QUIT", "221 Bye");
    },
  },
];
