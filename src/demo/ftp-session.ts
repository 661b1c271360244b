// FTP session: one control connection of the embedded FTP server. Lines in, replies out, one transfer at a time. Commands
// are answered in order; only ABOR and STAT are heard while a transfer runs.
import type { Socket } from "node:net";
import { errorMessage } from "../process/error-message.ts";
import { accessCommands } from "./access-commands.ts";
import { dataCommands } from "./data-commands.ts";
import { fileCommands } from "./file-commands.ts";
import {
  type Command,
  createServerSession,
  prepareData,
  reply,
  type ServerSession,
  type SessionOptions,
} from "./server-session.ts";

const maxLineBytes = 8192;
const maxQueuedLines = 1000;

const beforeLogin = new Set(["USER", "PASS", "QUIT", "FEAT", "SYST", "NOOP", "HELP", "OPTS", "AUTH"]);
const commands: Readonly<Record<string, Command>> = { ...accessCommands, ...dataCommands, ...fileCommands };

export function serveSession(control: Socket, options: SessionOptions): void {
  const session = createServerSession(control, options);
  const queue: string[] = [];
  let isBusy = false;
  let hasEnded = false;

  async function work(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    for (let line = queue.shift(); line !== undefined; line = queue.shift()) {
      try {
        await perform(session, line);
      } catch (error) {
        reply(session, 451, `Local error: ${errorMessage(error)}.`);
      }
    }
    isBusy = false;
    if (hasEnded) control.end();
  }

  function receiveLine(line: string): void {
    const { running } = session;
    options.record(`C> ${line}`);
    if (running && /^stat$/i.test(line)) return reply(session, 211, "A transfer is running.");
    if (running && /^abor$/i.test(line)) {
      running.abort();
      queue.unshift(line);
    } else {
      queue.push(line);
    }
    if (queue.length > maxQueuedLines) control.destroy();
    void work();
  }

  readLines(control, receiveLine, () => reply(session, 500, "Line too long."));
  control.on("error", () => {});
  control.once("end", () => {
    hasEnded = true;
    // RFC 959 §4.1.1 "QUIT": an unexpected close is an abort; after a QUIT the running transfer is finished.
    if (!queue.some((line) => /^quit\b/i.test(line))) session.running?.abort();
    if (!isBusy) control.end();
  });
  control.once("close", () => {
    queue.length = 0;
    session.running?.abort();
    prepareData(session, undefined);
  });
  reply(session, 220, options.greeting);
}

async function perform(session: ServerSession, line: string): Promise<void> {
  const [, typed = "", argument = ""] = /^([^ ]*) ?(.*)$/s.exec(line) ?? [];
  const verb = typed.toUpperCase();
  const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined;
  if (!command) return reply(session, /^[A-Z]{3,4}$/.test(verb) ? 502 : 500, "Command not implemented.");
  if (!session.isLoggedIn && !beforeLogin.has(verb)) {
    return reply(session, 530, "Please login with USER and PASS.");
  }
  await command(session, argument);
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
