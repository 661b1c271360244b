// Log files: the log in a file instead of on standard output, and the transfers in one of their own; opened, changed by a reload together
// with all else that the section `log` says, and opened anew when they were rotated.
import type { Config } from "../config/config.ts";
import type { PreparedChange } from "../gateway/prepared-change.ts";
import type { Network } from "../net/endpoint.ts";
import { openAppendFile, type AppendFile } from "../observe/append-file.ts";
import type { Log } from "../observe/log.ts";
import { createRepeatedLine } from "../observe/repeated-line.ts";
import { createTransferLog, type TransferLog } from "../observe/transfer-log.ts";
import { errorMessage } from "./error-message.ts";

export type LogFiles = {
  readonly transferLog: TransferLog;
  /** Sessions to come of clients there are logged at `debug`. */
  debugFor(): readonly Network[];
  /** Their files are open when it resolves. Rejects with an Error that names the key and the file, and nothing has changed. */
  prepare(log: Config["log"]): Promise<PreparedChange>;
  /** Leaves files that were renamed. What can't be opened anew is logged, and the file from before goes on. */
  reopen(): Promise<void>;
  /** What waits is written, for 2 s at most. */
  close(): Promise<void>;
};

/** A key of the configuration that names a file, and what is done with it. */
type Place = {
  readonly key: string;
  /** How something is told that concerns this file. */
  readonly tell: (say: () => void) => void;
  file: AppendFile | undefined;
};

const quietMs = 60_000;

export function createLogFiles(log: Log): LogFiles {
  const transferLog = createTransferLog();
  const ofLog: Place = { key: "log.file", tell: log.besideFile, file: undefined };
  const ofTransfers: Place = { key: "log.transfers.file", tell: (say) => say(), file: undefined };
  const places = [ofLog, ofTransfers];
  let debugFor: readonly Network[] = [];

  return {
    transferLog,
    debugFor: () => debugFor,
    async prepare(next) {
      const { file, transfers } = next;
      const logFile = await prepareFile(log, ofLog, file);
      const transferFile = await prepareFile(log, ofTransfers, transfers?.file).catch((error: unknown) => {
        logFile.rollback();
        throw error;
      });
      return {
        commit() {
          logFile.commit();
          transferFile.commit();
          log.writeTo(ofLog.file);
          log.change(next);
          ({ debugFor } = next);
          transferLog.change(ofTransfers.file, transfers?.format ?? "json");
        },
        rollback() {
          logFile.rollback();
          transferFile.rollback();
        },
      };
    },
    async reopen() {
      await Promise.all(places.map((place) => reopenFile(log, place)));
    },
    async close() {
      await Promise.all(places.flatMap(({ file }) => file?.close() ?? []));
    },
  };
}

/** The file that is open already stays so. */
async function prepareFile(log: Log, place: Place, path: string | undefined): Promise<PreparedChange> {
  if (place.file?.path === path) return { commit() {}, rollback() {} };
  const opened = path === undefined ? undefined : await openLogFile(log, place, path);
  return {
    commit() {
      void place.file?.close();
      place.file = opened;
    },
    rollback: () => void opened?.close(),
  };
}

async function openLogFile({ logger }: Log, { key, tell }: Place, file: string): Promise<AppendFile> {
  const failed = createRepeatedLine(quietMs, (line: { file: string; detail: string }) =>
    tell(() => logger.error(line, "log file not written")),
  );
  try {
    return await openAppendFile(file, {
      failed: (detail) => failed({ file, detail }),
      dropped: (count) => logger.warn({ file, count }, "log lines dropped"),
    });
  } catch (error) {
    throw new Error(`${key}: ${errorMessage(error)}`, { cause: error });
  }
}

async function reopenFile({ logger }: Log, { tell, file }: Place): Promise<void> {
  if (file === undefined) return;
  try {
    await file.reopen();
    logger.info({ file: file.path }, "log file opened anew");
  } catch (error) {
    tell(() => logger.error({ file: file.path, detail: errorMessage(error) }, "log file not opened anew"));
  }
}
