// Pipe pool: the pipes that spliced bytes pass through. A pipe is taken only while bytes are in it, so a few serve many
// transfers; but a receiver that stands still keeps one, so there must always be another, smaller and smaller as the
// allowance goes.
import { closeSync, readFileSync } from "node:fs";
import type { SpliceCalls } from "./splice-calls.ts";

export type Pipe = { readonly readEnd: number; readonly writeEnd: number; readonly bytes: number };

export type PipePool = {
  /** Undefined if the process can open no more descriptors. */
  take(): Pipe | undefined;
  giveBack(pipe: Pipe, isEmpty: boolean): void;
  /** Those that are not taken. */
  close(): void;
};

const largeBytes = 1024 * 1024;
const mediumBytes = 256 * 1024;
/** Bytes that may stand in all pipes together, beyond which new ones are as the system makes them (64 KiB, or 8). */
const mostBytes = 256 * 1024 * 1024;
/** Pipes kept for the next that need one. */
const idleLimit = 32;

const nonBlockingCloseOnExec = 0o4000 | 0o2000000;
const setPipeSize = 1031;
const getPipeSize = 1032;

export function createPipePool(calls: SpliceCalls, allowance = pipeAllowance(calls.pageSize())): PipePool {
  const idle: Pipe[] = [];
  let usedBytes = 0;
  const ends = Buffer.alloc(8);

  function create(): Pipe | undefined {
    if (calls.pipe(ends, nonBlockingCloseOnExec) !== 0) return undefined;
    const [readEnd, writeEnd] = [ends.readInt32LE(0), ends.readInt32LE(4)];
    // Half of the allowance goes to large pipes: sixteen times as many transfers must find one of medium size.
    const wanted = usedBytes + largeBytes <= allowance / 2 ? largeBytes : mediumBytes;
    if (usedBytes + wanted <= allowance) calls.pipeControl(writeEnd, setPipeSize, wanted);
    const bytes = calls.pipeControl(writeEnd, getPipeSize, 0);
    usedBytes += bytes;
    return { readEnd, writeEnd, bytes };
  }

  function destroy(pipe: Pipe) {
    usedBytes -= pipe.bytes;
    closeSync(pipe.readEnd);
    closeSync(pipe.writeEnd);
  }

  return {
    take: () => idle.pop() ?? create(),
    giveBack(pipe, isEmpty) {
      if (isEmpty && pipe.bytes >= mediumBytes && idle.length < idleLimit) idle.push(pipe);
      else destroy(pipe);
    },
    close() {
      for (const pipe of idle.splice(0)) destroy(pipe);
    },
  };
}

/**
 * What the kernel lets this process put into pipes. Beyond pipe-user-pages-soft a user without CAP_SYS_RESOURCE or
 * CAP_SYS_ADMIN gets pipes of two pages only, and that for all his programs.
 */
function pipeAllowance(pageSize: number): number {
  try {
    const capabilities = BigInt(
      `0x${/^CapEff:\s*(\w+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0"}`,
    );
    if ((capabilities & ((1n << 24n) | (1n << 21n))) !== 0n) return mostBytes;
    const pages = Number(readFileSync("/proc/sys/fs/pipe-user-pages-soft", "latin1"));
    return pages === 0 ? mostBytes : Math.min(mostBytes, pages * pageSize);
  } catch {
    // Without /proc the limit is not known; the smallest usual one allows more than this.
    return 2 * largeBytes;
  }
}
