// xferlog: one line for each file, as wu-ftpd, ProFTPD and vsftpd write it and as programs that analyse FTP logs read it. Its fields are
// current-time transfer-time remote-host file-size filename transfer-type special-action-flag direction access-mode username service-name
// authentication-method authenticated-user-id completion-status (xferlog(5)).
import { isAnonymousName } from "../session/user-pattern.ts";
import { unprintable } from "./unprintable.ts";
import type { TransferLine } from "./transfer-line.ts";

export type XferlogEntry = {
  readonly transfer: TransferLine;
  /** The address of the client. */
  readonly remoteHost: string;
  /** TYPE I or L; else text. */
  readonly isBinary: boolean;
};

const fileVerbs: readonly string[] = ["RETR", "STOR", "STOU", "APPE"];

/** With its line end; undefined for what is no file, such as a listing. `at`: the end of the transfer, which is written in local time. */
export function formatXferlog({ transfer, remoteHost, isBinary }: XferlogEntry, at: Date): string | undefined {
  const { verb, path, user = "", direction, outcome, bytesUp, bytesDown, durationMs } = transfer;
  if (!fileVerbs.includes(verb)) return undefined;
  const isUpload = direction === "upload";
  const fields = [
    formatTime(at),
    // As vsftpd has it: who divides by it is spared a zero.
    Math.max(1, Math.round(durationMs / 1000)),
    remoteHost,
    isUpload ? bytesUp : bytesDown,
    word(path),
    isBinary ? "b" : "a",
    "_",
    isUpload ? "i" : "o",
    // On the login route the server follows.
    isAnonymousName(user.replace(/@.*$/, "")) ? "a" : "r",
    word(user),
    "ftp",
    "0",
    "*",
    outcome === "complete" ? "c" : "i",
  ];
  return `${fields.join(" ")}\n`;
}

/** A field is one word: a blank ends it. */
function word(text: string): string {
  const one = text.replace(/\s/gu, "_").replace(unprintable, "_");
  return one === "" ? "?" : one;
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Thu Sep  4 08:51:37 2026`, as ctime(3) has it. */
function formatTime(at: Date): string {
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
  const day = String(at.getDate()).padStart(2);
  return `${days[at.getDay()]} ${months[at.getMonth()]} ${day} ${time} ${at.getFullYear()}`;
}
