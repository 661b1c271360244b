// File commands: those of the embedded FTP server that read and change its files.
import { receiveBytes, sendBytes } from "./data-connection.ts";
import { resolvePath, type Entry } from "./file-tree.ts";
import { formatFactsEntry, formatTime, formatUnixEntry } from "./listing.ts";
import { type Command, prepareData, reply, replyLines, type ServerSession, transfer } from "./server-session.ts";

const maxFileBytes = 256 * 1024 * 1024;

const directoryCommands: Readonly<Record<string, Command>> = {
  PWD: (session) => reply(session, 257, `${quoted(session.cwd)} is the current directory`),
  CWD: (session, argument) => changeTo(session, pathOf(session, argument)),
  CDUP: (session) => changeTo(session, pathOf(session, "..")),
  MKD(session, argument) {
    const path = pathOf(session, argument);
    if (session.options.tree.makeDirectory(path)) reply(session, 257, `${quoted(path)} created`);
    else reply(session, 550, "Can't create that directory.");
  },
  RMD(session, argument) {
    done(session, session.options.tree.removeDirectory(pathOf(session, argument)), "Directory removed.");
  },
  DELE(session, argument) {
    done(session, session.options.tree.removeFile(pathOf(session, argument)), "File removed.");
  },
  RNFR(session, argument) {
    const path = pathOf(session, argument);
    session.renameFrom = session.options.tree.list(path) ? path : undefined;
    if (session.renameFrom === undefined) reply(session, 550, "No such file or directory.");
    else reply(session, 350, "Ready for RNTO.");
  },
  RNTO(session, argument) {
    const { renameFrom } = session;
    if (renameFrom === undefined) return reply(session, 503, "RNFR first.");
    session.renameFrom = undefined;
    done(session, session.options.tree.rename(renameFrom, pathOf(session, argument)), "Renamed.");
  },
};

const factCommands: Readonly<Record<string, Command>> = {
  SIZE(session, argument) {
    const file = session.options.tree.files.get(pathOf(session, argument));
    if (file) reply(session, 213, String(file.length));
    else reply(session, 550, "No such file.");
  },
  MDTM(session, argument) {
    const { tree } = session.options;
    const path = pathOf(session, argument);
    if (tree.files.has(path)) reply(session, 213, formatTime(tree.modified(path)));
    else reply(session, 550, "No such file.");
  },
  STAT(session, argument) {
    if (argument === "") return reply(session, 211, "Nothing is running.");
    const entries = session.options.tree.list(pathOf(session, withoutOptions(argument)));
    if (!entries) return reply(session, 450, "No such file or directory.");
    // An entry line may begin with anything; the space keeps it from looking like the end of the reply (RFC 959 §4.2).
    replyLines(session, ["213-Status:", ...entries.map((entry) => ` ${formatUnixEntry(entry)}`), "213 End"]);
  },
  MLST(session, argument) {
    const { tree } = session.options;
    const path = pathOf(session, argument);
    if (!tree.list(path)) return reply(session, 550, "No such file or directory.");
    const bytes = tree.files.get(path)?.length ?? 0;
    const entry = { name: `/${path}`, directory: tree.isDirectory(path), bytes, modified: tree.modified(path) };
    replyLines(session, ["250-Listing", ` ${formatFactsEntry(entry)}`, "250 End"]);
  },
};

const transferCommands: Readonly<Record<string, Command>> = {
  LIST: (session, argument) => sendListing(session, withoutOptions(argument), formatUnixEntry),
  NLST: (session, argument) => sendListing(session, withoutOptions(argument), ({ name }) => name),
  MLSD: (session, argument) => sendListing(session, argument, formatFactsEntry),
  REST(session, argument) {
    if (!/^\d{1,15}$/.test(argument)) return reply(session, 501, "Can't read the argument of REST.");
    session.restartAt = Number(argument);
    reply(session, 350, `Restart at ${session.restartAt}.`);
  },
  async RETR(session, argument) {
    const file = session.options.tree.files.get(pathOf(session, argument));
    const offset = takeRestart(session);
    if (!file || offset > file.length) {
      return refuse(session, file ? "The file is shorter than that." : "No such file.");
    }
    await transfer(session, `Opening data connection for ${file.length - offset} bytes.`, async (socket) => {
      await sendBytes(socket, file.subarray(offset));
      return { code: 226, text: "Transfer complete." };
    });
  },
  STOR(session, argument) {
    const offset = takeRestart(session);
    return store(session, argument, (old) => (offset === 0 ? Buffer.alloc(0) : old.subarray(0, offset)));
  },
  APPE: (session, argument) => store(session, argument, (old) => old),
};

/** RFC 775 and old BSD clients. */
const aliases = { XPWD: "PWD", XCWD: "CWD", XCUP: "CDUP", XMKD: "MKD", XRMD: "RMD" };

export const fileCommands: Readonly<Record<string, Command>> = {
  ...directoryCommands,
  ...factCommands,
  ...transferCommands,
  ...Object.fromEntries(Object.entries(aliases).map(([alias, verb]) => [alias, directoryCommands[verb]!])),
};

/** RFC 959 §4.2 "257": quotes in a name are doubled. */
function quoted(path: string): string {
  return `"/${path.replaceAll('"', '""')}"`;
}

function pathOf({ cwd }: ServerSession, argument: string): string {
  return resolvePath(cwd, argument);
}

/** Clients ask `LIST -la`; the options change nothing here. */
function withoutOptions(argument: string): string {
  return argument.replace(/^(-\S* ?)+/, "");
}

function done(session: ServerSession, isDone: boolean, text: string): void {
  if (isDone) reply(session, 250, text);
  else reply(session, 550, "Not possible.");
}

/** Of a transfer, before it starts. The reply goes out first: the end of the data connection would not say why. */
function refuse(session: ServerSession, text: string): void {
  reply(session, 550, text);
  prepareData(session, undefined);
}

function changeTo(session: ServerSession, path: string): void {
  if (!session.options.tree.isDirectory(path)) return reply(session, 550, "No such directory.");
  session.cwd = path;
  reply(session, 250, `Directory is ${quoted(path)}.`);
}

function takeRestart(session: ServerSession): number {
  const offset = session.restartAt;
  session.restartAt = 0;
  return offset;
}

async function sendListing(session: ServerSession, argument: string, format: (entry: Entry) => string): Promise<void> {
  const entries = session.options.tree.list(pathOf(session, argument));
  if (!entries) return refuse(session, "No such file or directory.");
  const text = entries.map((entry) => `${format(entry)}\r\n`).join("");
  await transfer(session, "Here comes the listing.", async (socket) => {
    await sendBytes(socket, Buffer.from(text, "latin1"));
    return { code: 226, text: "Listing sent." };
  });
}

async function store(session: ServerSession, argument: string, before: (old: Buffer) => Buffer): Promise<void> {
  const { tree } = session.options;
  const path = pathOf(session, argument);
  if (argument === "" || tree.isDirectory(path) || !tree.isDirectory(resolvePath(path, ".."))) {
    return refuse(session, "Can't write there.");
  }
  await transfer(session, `Ready for ${quoted(path)}.`, async (socket) => {
    const received = await receiveBytes(socket, maxFileBytes);
    const content = Buffer.concat([before(tree.files.get(path) ?? Buffer.alloc(0)), received]);
    if (!tree.write(path, content)) return { code: 552, text: "Storage is full." };
    return { code: 226, text: `Received ${received.length} bytes.` };
  });
}
