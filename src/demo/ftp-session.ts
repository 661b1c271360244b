// FTP session: one control connection of the embedded FTP server. Lines in, replies out, one transfer at a time. Commands
// are answered in order; only ABOR and STAT are heard while a transfer runs.
import type { Socket } from "node:net";
import { familyOf, parseAddress, type Endpoint } from "../net/endpoint.ts";
import {
  dialForData,
  listenForData,
  parseExtendedArgument,
  parsePortArgument,
  type DataSource,
} from "./data-connection.ts";
import { errorMessage } from "../process/error-message.ts";
import { createFileCommands, type Command, type Reply, type Transfer } from "./file-commands.ts";
import type { FileTree } from "./file-tree.ts";

export type SessionOptions = {
  readonly tree: FileTree;
  readonly greeting: string;
  readonly announce: string | undefined;
  readonly record: (line: string) => void;
};

const maxLineBytes = 8192;
const maxQueuedLines = 1000;
const dataTimeoutMs = 10_000;
const minDataPort = 1024;

const beforeLogin = new Set(["USER", "PASS", "QUIT", "FEAT", "SYST", "NOOP", "HELP", "OPTS", "AUTH"]);
const features = ["EPRT", "EPSV", "MDTM", "MLST type*;size*;modify*;", "REST STREAM", "SIZE", "TVFS", "UTF8"];

export function serveSession(control: Socket, options: SessionOptions): void {
  const peer = parseAddress(control.remoteAddress ?? "") ?? "";
  const local = parseAddress(control.localAddress ?? "") ?? "";
  let user: string | undefined;
  let loggedIn = false;
  let epsvAll = false;
  let data: DataSource | undefined;
  let running: { abort(): void } | undefined;
  let aborted = false;

  const reply: Reply = (code, text) => replyLines([`${code} ${text}`]);
  function replyLines(lines: readonly string[]): void {
    if (!control.writable) return;
    for (const line of lines) options.record(`S> ${line}`);
    control.write(`${lines.join("\r\n")}\r\n`, "latin1");
  }

  function prepare(source: DataSource | undefined): void {
    data?.close();
    data = source;
  }

  const transfer: Transfer = async (opening, move) => {
    const source = data;
    data = undefined;
    if (!source) return reply(425, "Use PORT, EPRT, PASV or EPSV first.");
    let socket: Socket | undefined;
    running = {
      abort() {
        aborted = true;
        source.close();
        socket?.resetAndDestroy();
      },
    };
    try {
      socket = await source.connect(dataTimeoutMs);
      reply(150, opening);
      const { code, text } = await move(socket);
      reply(code, text);
    } catch (error) {
      const detail = aborted ? "aborted" : errorMessage(error);
      reply(socket ? 426 : 425, `${socket ? "Data connection broken" : "No data connection"}: ${detail}.`);
    } finally {
      running = undefined;
      socket?.destroy();
    }
  };

  /** RFC 2577: a server that connects to third hosts or to well-known ports is a weapon. */
  function active(endpoint: Endpoint | undefined, verb: string): void {
    prepare(undefined);
    if (epsvAll) return reply(501, "Only EPSV is allowed after EPSV ALL.");
    if (!endpoint) return reply(501, `Can't read the argument of ${verb}.`);
    if (endpoint.address !== peer || endpoint.port < minDataPort) return reply(500, `Illegal ${verb} command.`);
    prepare(dialForData(endpoint, local));
    reply(200, `${verb} command successful.`);
  }

  async function passive(answer: (port: number) => [number, string]): Promise<void> {
    prepare(undefined);
    const { port, source } = await listenForData(local, peer);
    if (control.destroyed) return source.close();
    prepare(source);
    reply(...answer(port));
  }

  function extendedPassive(argument: string): void | Promise<void> {
    const protocol = familyOf(local) === 4 ? "1" : "2";
    if (/^all$/i.test(argument)) {
      epsvAll = true;
      return reply(200, "EPSV ALL command successful.");
    }
    if (/^[12]$/.test(argument) && argument !== protocol) {
      return reply(522, `Network protocol not supported, use (${protocol})`);
    }
    if (argument !== "" && argument !== protocol) return reply(501, "Can't read the argument of EPSV.");
    return passive((port) => [229, `Entering Extended Passive Mode (|||${port}|)`]);
  }

  const commands: Record<string, Command> = {
    USER(argument) {
      user = argument;
      loggedIn = false;
      reply(331, "Any password will do.");
    },
    PASS() {
      if (user === undefined) return reply(503, "Login with USER first.");
      loggedIn = true;
      reply(230, "Login successful.");
    },
    REIN() {
      user = undefined;
      loggedIn = false;
      epsvAll = false;
      prepare(undefined);
      reply(220, options.greeting);
    },
    QUIT() {
      reply(221, "Goodbye.");
      control.end();
    },
    SYST: () => reply(215, "UNIX Type: L8"),
    NOOP: () => reply(200, "NOOP command successful."),
    HELP: () => reply(214, "A demonstration server; see RFC 959."),
    FEAT: () => replyLines(["211-Features:", ...features.map((feature) => ` ${feature}`), "211 End"]),
    OPTS: (argument) =>
      /^utf-?8( on)?$/i.test(argument) ? reply(200, "UTF8 is always on.") : reply(501, "Option not understood."),
    TYPE: (argument) => (/^(a|a n|i|l 8)$/i.test(argument) ? reply(200, `Type is ${argument}.`) : reply(504, "No.")),
    MODE: (argument) => (/^s$/i.test(argument) ? reply(200, "Mode is S.") : reply(504, "Only MODE S.")),
    STRU: (argument) => (/^f$/i.test(argument) ? reply(200, "Structure is F.") : reply(504, "Only STRU F.")),
    ALLO: () => reply(202, "No storage allocation necessary."),
    PORT: (argument) => active(parsePortArgument(argument), "PORT"),
    EPRT(argument) {
      const endpoint = parseExtendedArgument(argument);
      const protocol = familyOf(local) === 4 ? "1" : "2";
      if (endpoint && endpoint.protocol !== protocol) {
        return reply(522, `Network protocol not supported, use (${protocol})`);
      }
      active(endpoint, "EPRT");
    },
    PASV() {
      if (epsvAll) return reply(501, "Only EPSV is allowed after EPSV ALL.");
      if (familyOf(local) === 6) return reply(425, "PASV is for IPv4, use EPSV.");
      const numbers = (options.announce ?? local).replaceAll(".", ",");
      return passive((port) => [227, `Entering Passive Mode (${numbers},${port >> 8},${port & 255})`]);
    },
    EPSV: extendedPassive,
    ABOR() {
      if (aborted) reply(226, "Transfer aborted.");
      else reply(225, "No transfer to abort.");
      aborted = false;
      prepare(undefined);
    },
    ...createFileCommands(options.tree, reply, replyLines, transfer, () => prepare(undefined)),
  };

  async function perform(line: string): Promise<void> {
    const [, typed = "", argument = ""] = /^([^ ]*) ?(.*)$/s.exec(line) ?? [];
    const verb = typed.toUpperCase();
    const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined;
    if (!command) return reply(/^[A-Z]{3,4}$/.test(verb) ? 502 : 500, "Command not implemented.");
    if (!loggedIn && !beforeLogin.has(verb)) return reply(530, "Please login with USER and PASS.");
    await command(argument);
  }

  const queue: string[] = [];
  let busy = false;
  let ended = false;

  async function work(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let line = queue.shift(); line !== undefined; line = queue.shift()) {
      try {
        await perform(line);
      } catch (error) {
        reply(451, `Local error: ${errorMessage(error)}.`);
      }
    }
    busy = false;
    if (ended) control.end();
  }

  function receiveLine(line: string): void {
    options.record(`C> ${line}`);
    if (running && /^stat$/i.test(line)) return reply(211, "A transfer is running.");
    if (running && /^abor$/i.test(line)) {
      running.abort();
      queue.unshift(line);
    } else {
      queue.push(line);
    }
    if (queue.length > maxQueuedLines) control.destroy();
    void work();
  }

  readLines(control, receiveLine, () => reply(500, "Line too long."));
  control.on("error", () => {});
  control.once("end", () => {
    ended = true;
    // RFC 959 §4.1.1 "QUIT": an unexpected close is an abort; after a QUIT the running transfer is finished.
    if (!queue.some((line) => /^quit\b/i.test(line))) running?.abort();
    if (!busy) control.end();
  });
  control.once("close", () => {
    queue.length = 0;
    running?.abort();
    prepare(undefined);
  });
  reply(220, options.greeting);
}

/** Lines without their terminator, as latin1. Telnet commands around a line (ABOR comes as IAC IP IAC DM ABOR) are removed. */
function readLines(control: Socket, line: (text: string) => void, tooLong: () => void): void {
  let rest = "";
  let skipping = false;
  control.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString("latin1")).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      if (skipping || part.length > maxLineBytes) tooLong();
      else
        line(
          part
            .replace(/\r$/, "")
            .replace(/^[\xf0-\xff]+(?=[A-Za-z])/, "")
            .replaceAll("\xff\xff", "\xff"),
        );
      skipping = false;
    }
    if (rest.length > maxLineBytes) {
      skipping = true;
      rest = "";
    }
  });
}
