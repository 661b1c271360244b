// File commands: those of the embedded FTP server that read and change its files.
import type { Socket } from "node:net";
import { receiveBytes, sendBytes } from "./data-connection.ts";
import { resolvePath, type Entry, type FileTree } from "./file-tree.ts";
import { formatFactsEntry, formatTime, formatUnixEntry } from "./listing.ts";

export type Reply = (code: number, text: string) => void;
export type Command = (argument: string) => void | Promise<void>;

/** Runs a transfer on the prepared data connection: 425, or 150 and then what `move` ends with, or 426. */
export type Transfer = (opening: string, move: (socket: Socket) => Promise<Outcome>) => Promise<void>;
export type Outcome = { readonly code: number; readonly text: string };

const maxFileBytes = 256 * 1024 * 1024;

/** RFC 959 §4.2 "257": quotes in a name are doubled. */
function quoted(path: string): string {
  return `"/${path.replaceAll('"', '""')}"`;
}

/** `giveUpData` drops the prepared data connection of a transfer that is refused before it starts. */
export function createFileCommands(
  tree: FileTree,
  reply: Reply,
  replyLines: (lines: readonly string[]) => void,
  transfer: Transfer,
  giveUpData: () => void,
): Record<string, Command> {
  let cwd = "";
  let renameFrom: string | undefined;
  let restartAt = 0;

  /** The reply goes out first: the end of the data connection would not say why. */
  function refuse(text: string): void {
    reply(550, text);
    giveUpData();
  }

  const done = (ok: boolean, text: string) => (ok ? reply(250, text) : reply(550, "Not possible."));

  function changeTo(path: string): void {
    if (!tree.isDirectory(path)) return reply(550, "No such directory.");
    cwd = path;
    reply(250, `Directory is ${quoted(cwd)}.`);
  }

  async function sendListing(path: string, format: (entry: Entry) => string): Promise<void> {
    const entries = tree.list(path);
    if (!entries) return refuse("No such file or directory.");
    const text = entries.map((entry) => `${format(entry)}\r\n`).join("");
    await transfer("Here comes the listing.", async (socket) => {
      await sendBytes(socket, Buffer.from(text, "latin1"));
      return { code: 226, text: "Listing sent." };
    });
  }

  /** Clients ask `LIST -la`; the options change nothing here. */
  const withoutOptions = (argument: string) => resolvePath(cwd, argument.replace(/^(-\S* ?)+/, ""));

  async function store(argument: string, before: (old: Buffer) => Buffer): Promise<void> {
    const path = resolvePath(cwd, argument);
    if (argument === "" || tree.isDirectory(path) || !tree.isDirectory(resolvePath(path, ".."))) {
      return refuse("Can't write there.");
    }
    await transfer(`Ready for ${quoted(path)}.`, async (socket: Socket): Promise<Outcome> => {
      const received = await receiveBytes(socket, maxFileBytes);
      const content = Buffer.concat([before(tree.files.get(path) ?? Buffer.alloc(0)), received]);
      if (!tree.write(path, content)) return { code: 552, text: "Storage is full." };
      return { code: 226, text: `Received ${received.length} bytes.` };
    });
  }

  function takeRestart(): number {
    const offset = restartAt;
    restartAt = 0;
    return offset;
  }

  const commands: Record<string, Command> = {
    PWD: () => reply(257, `${quoted(cwd)} is the current directory`),
    CWD: (argument) => changeTo(resolvePath(cwd, argument)),
    CDUP: () => changeTo(resolvePath(cwd, "..")),
    MKD(argument) {
      const path = resolvePath(cwd, argument);
      if (tree.makeDirectory(path)) reply(257, `${quoted(path)} created`);
      else reply(550, "Can't create that directory.");
    },
    RMD: (argument) => done(tree.removeDirectory(resolvePath(cwd, argument)), "Directory removed."),
    DELE: (argument) => done(tree.removeFile(resolvePath(cwd, argument)), "File removed."),
    RNFR(argument) {
      const path = resolvePath(cwd, argument);
      renameFrom = tree.list(path) ? path : undefined;
      if (renameFrom === undefined) reply(550, "No such file or directory.");
      else reply(350, "Ready for RNTO.");
    },
    RNTO(argument) {
      if (renameFrom === undefined) return reply(503, "RNFR first.");
      const from = renameFrom;
      renameFrom = undefined;
      done(tree.rename(from, resolvePath(cwd, argument)), "Renamed.");
    },
    SIZE(argument) {
      const file = tree.files.get(resolvePath(cwd, argument));
      if (file) reply(213, String(file.length));
      else reply(550, "No such file.");
    },
    MDTM(argument) {
      const path = resolvePath(cwd, argument);
      if (tree.files.has(path)) reply(213, formatTime(tree.modified(path)));
      else reply(550, "No such file.");
    },
    REST(argument) {
      if (!/^\d{1,15}$/.test(argument)) return reply(501, "Can't read the argument of REST.");
      restartAt = Number(argument);
      reply(350, `Restart at ${restartAt}.`);
    },
    STAT(argument) {
      if (argument === "") return reply(211, "Nothing is running.");
      const entries = tree.list(withoutOptions(argument));
      if (!entries) return reply(450, "No such file or directory.");
      // An entry line may begin with anything; the space keeps it from looking like the end of the reply (RFC 959 §4.2).
      replyLines(["213-Status:", ...entries.map((entry) => ` ${formatUnixEntry(entry)}`), "213 End"]);
    },
    LIST: (argument) => sendListing(withoutOptions(argument), formatUnixEntry),
    NLST: (argument) => sendListing(withoutOptions(argument), ({ name }) => name),
    MLSD: (argument) => sendListing(resolvePath(cwd, argument), formatFactsEntry),
    MLST(argument) {
      const path = resolvePath(cwd, argument);
      if (!tree.list(path)) return reply(550, "No such file or directory.");
      const isDirectory = tree.isDirectory(path);
      const bytes = tree.files.get(path)?.length ?? 0;
      const entry = { name: `/${path}`, directory: isDirectory, bytes, modified: tree.modified(path) };
      replyLines(["250-Listing", ` ${formatFactsEntry(entry)}`, "250 End"]);
    },
    async RETR(argument) {
      const file = tree.files.get(resolvePath(cwd, argument));
      const offset = takeRestart();
      if (!file || offset > file.length) {
        return refuse(file ? "The file is shorter than that." : "No such file.");
      }
      await transfer(`Opening data connection for ${file.length - offset} bytes.`, async (socket) => {
        await sendBytes(socket, file.subarray(offset));
        return { code: 226, text: "Transfer complete." };
      });
    },
    STOR(argument) {
      const offset = takeRestart();
      return store(argument, (old) => (offset === 0 ? Buffer.alloc(0) : old.subarray(0, offset)));
    },
    APPE: (argument) => store(argument, (old) => old),
  };
  // RFC 775 and old BSD clients.
  const aliases = { XPWD: "PWD", XCWD: "CWD", XCUP: "CDUP", XMKD: "MKD", XRMD: "RMD" };
  for (const [alias, verb] of Object.entries(aliases)) commands[alias] = commands[verb] ?? (() => {});
  return commands;
}
