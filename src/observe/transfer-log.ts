// Transfer log: transfers alone, in a file of their own beside the log, for programs that count them and for auditors who keep them.
import type { AppendFile } from "./append-file.ts";
import type { SessionRecord } from "./session-record.ts";
import type { TransferLine } from "./transfer-line.ts";
import { escapeUnprintable } from "./unprintable.ts";
import { formatXferlog } from "./xferlog.ts";

export type TransferLogFormat = "xferlog" | "json";

export type TransferLog = {
  /** A transfer of the session has just ended. Nothing is done where there is no file. */
  transferEnded(transfer: TransferLine, session: Pick<SessionRecord, "id" | "gateway" | "client" | "isBinary">): void;
  /** From now on in that file and format; undefined: nowhere. */
  change(file: Pick<AppendFile, "append"> | undefined, format: TransferLogFormat): void;
};

export function createTransferLog(): TransferLog {
  let file: Pick<AppendFile, "append"> | undefined;
  let format: TransferLogFormat = "json";
  return {
    transferEnded(transfer, session) {
      if (file === undefined) return;
      const { id, gateway, client, isBinary } = session;
      if (format === "xferlog") {
        const line = formatXferlog({ transfer, remoteHost: client.address, isBinary }, new Date());
        if (line !== undefined) file.append(line);
      } else {
        const line = { time: new Date().toISOString(), session: id, gateway, ...transfer };
        file.append(`${escapeUnprintable(JSON.stringify(line))}\n`);
      }
    },
    change(nextFile, nextFormat) {
      file = nextFile;
      format = nextFormat;
    },
  };
}
