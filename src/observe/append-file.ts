// Append file: lines that go to the end of a file in the background. A disk that is full, stuck or gone, and a FIFO that nobody reads, hold
// nothing up; what waits for them is bounded. A file that was renamed (logrotate) is left when its name is opened anew.
import { constants } from "node:fs";
import { lstat, open, stat, type FileHandle } from "node:fs/promises";
import { userInfo } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { createLineQueue, pieceBytes, type LineQueue } from "./line-queue.ts";

export type AppendFile = {
  readonly path: string;
  /** Takes one or more whole lines; what does not fit any more is dropped. */
  append(lines: string): void;
  /** Opens the file of that name, which may be another one by now. Rejects with an Error, and the file from before goes on. */
  reopen(): Promise<void>;
  /** Resolves when all of it is written, or could not be within 2 s. */
  flush(): Promise<void>;
  /** Closes the file as `flush` leaves it. Nothing is taken any more. */
  close(): Promise<void>;
};

export type AppendFileWatch = {
  /** It could not be written to; that is tried again each second. */
  failed(detail: string): void;
  /** So many calls of `append` were for nothing; told when there is room again. */
  dropped(count: number): void;
};

/** What waits to be written, at most. */
const mostBytes = 4 * 1024 * 1024;
/** Anything is written no later than this after it came; a full FIFO is tried again then. */
const writeWithinMs = 100;
const retryMs = 1000;
const flushWithinMs = 2000;

/** Rejects with an Error if the file can't be opened. A new one may be read by its group, unless the umask forbids it. */
export async function openAppendFile(path: string, watch: AppendFileWatch): Promise<AppendFile> {
  const file = await openRenewable(path);
  const queue = createLineQueue(mostBytes);
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Of the last write. */
  let result: "written" | "full" | "failed" = "written";
  let isClosed = false;

  function writeIn(ms: number): void {
    timer ??= setTimeout(writeNow, ms).unref();
  }

  function writeNow(): void {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writeWaiting().finally(() => {
      writing = undefined;
      if (queue.bytes() > 0 && !isClosed) writeIn(result === "failed" ? retryMs : writeWithinMs);
    });
  }

  /** Until so little waits that it may wait for more. */
  async function writeWaiting(): Promise<void> {
    try {
      do {
        await file.write(queue);
        result = "written";
      } while (queue.bytes() >= pieceBytes);
    } catch (error) {
      result = (error as NodeJS.ErrnoException).code === "EAGAIN" ? "full" : "failed";
      if (result === "failed") watch.failed(reasonOf(error));
    }
    const dropped = queue.takeDropped();
    if (dropped > 0) watch.dropped(dropped);
  }

  async function flush(): Promise<void> {
    const until = performance.now() + flushWithinMs;
    while (queue.bytes() > 0 && performance.now() < until) {
      writeNow();
      await Promise.race([writing, delay(until - performance.now(), undefined, { ref: false })]);
      if (result === "failed") return;
      if (result === "full") await delay(writeWithinMs / 2);
    }
  }

  return {
    path,
    append(lines) {
      if (isClosed) return;
      queue.add(lines);
      if (queue.bytes() >= pieceBytes && result === "written") writeNow();
      else if (writing === undefined) writeIn(writeWithinMs);
    },
    async reopen() {
      await file.reopen();
      writeNow();
    },
    flush,
    async close() {
      isClosed = true;
      await flush();
      clearTimeout(timer);
      // While a write hangs the file can't be closed.
      if (writing === undefined) await file.close();
    },
  };
}

/** The file that a name stands for. */
type Renewable = {
  /** One piece of what waits. */
  write(queue: LineQueue): Promise<void>;
  /** The next write goes to the file that the name stands for now. */
  reopen(): Promise<void>;
  close(): Promise<void>;
};

async function openRenewable(path: string): Promise<Renewable> {
  let handle = await openForAppending(path);
  let next: FileHandle | undefined;
  let isClosed = false;

  async function changeOver(to: FileHandle, queue: LineQueue): Promise<void> {
    const before = handle;
    handle = to;
    next = undefined;
    queue.beginLineAgain();
    await before.close();
  }

  return {
    async write(queue) {
      if (next !== undefined) await changeOver(next, queue);
      const piece = queue.next();
      if (piece.length > 0) queue.wrote((await handle.write(piece)).bytesWritten);
    },
    async reopen() {
      const opened = await openForAppending(path);
      if (isClosed) return opened.close();
      const unused = next;
      next = opened;
      await unused?.close();
    },
    async close() {
      isClosed = true;
      await Promise.all([handle.close(), ...(next ? [next.close()] : [])]);
    },
  };
}

const { O_APPEND, O_CREAT, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_WRONLY } = constants;

/**
 * Waits for nobody: for a FIFO it is its own reader too, so that it is open before another one comes. Of symbolic links it follows
 * those of root and its own user: who may write to the folder does not choose what is written to.
 */
async function openForAppending(path: string): Promise<FileHandle> {
  const isFifo = await stat(path).then(
    (found) => found.isFIFO(),
    () => false,
  );
  const flags = isFifo ? O_RDWR : O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY;
  try {
    return await open(path, flags | O_NONBLOCK | O_NOFOLLOW, 0o640).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ELOOP") throw error;
      const { uid } = await lstat(path);
      if (uid !== 0 && uid !== ownUser()) throw new Error(`it is a symbolic link that user ${uid} has made`);
      return open(path, flags | O_NONBLOCK, 0o640);
    });
  } catch (error) {
    throw new Error(`can't open ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** A number, where the machine knows who runs this. */
function ownUser(): number | undefined {
  try {
    return userInfo().uid;
  } catch {
    return undefined;
  }
}

/** `ENOSPC: no space left on device` without the call and the path. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, \w+( '.*')?$/, "") : String(error);
}
