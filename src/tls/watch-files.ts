// File watch: tells that one of several files may have changed. It watches their folders, those of what links lead to among them: certbot
// swaps a link, Kubernetes a link to a folder, and a watch on the file itself would go on looking at the old one.
import { type FSWatcher, realpathSync, watch } from "node:fs";
import { dirname } from "node:path";

/** After the last of several changes in a row: a pair of files is not swapped at once. */
const settleMs = 500;

/** Calls `changed` some time after a change; a folder that can't be watched is left out. */
export function watchFiles(paths: readonly string[], changed: () => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  let watchers: FSWatcher[] = [];
  open();
  return { close };

  function open(): void {
    watchers = folders(paths).flatMap((folder) => {
      try {
        // Not what keeps a process alive.
        return [watch(folder, { persistent: false }, later).on("error", () => {})];
      } catch {
        return [];
      }
    });
  }

  function later(): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      close();
      // Links may lead elsewhere by now.
      open();
      changed();
    }, settleMs);
    timer.unref();
  }

  function close(): void {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
    watchers = [];
  }
}

function folders(paths: readonly string[]): readonly string[] {
  const found = paths.flatMap((path) => [dirname(path), realFolder(path) ?? dirname(path)]);
  return [...new Set(found)];
}

function realFolder(path: string): string | undefined {
  try {
    return dirname(realpathSync(path));
  } catch {
    return undefined;
  }
}
