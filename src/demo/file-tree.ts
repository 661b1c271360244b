// File tree: the files of the embedded FTP server, in memory. A name is the path from the root without a leading slash, one
// character per byte as it came over the wire (latin1), so that any name survives; "" is the root.

export type FileTree = {
  readonly files: Map<string, Buffer>;
  isDirectory(path: string): boolean;
  /** The entries of a directory, or the file itself; undefined where there is neither. */
  list(path: string): readonly Entry[] | undefined;
  modified(path: string): Date;
  /** False where the whole tree would pass its limit. */
  write(path: string, content: Buffer): boolean;
  removeFile(path: string): boolean;
  makeDirectory(path: string): boolean;
  /** Only an empty directory, as rmdir(2). */
  removeDirectory(path: string): boolean;
  rename(from: string, to: string): boolean;
};

export type Entry = {
  readonly name: string;
  readonly directory: boolean;
  readonly bytes: number;
  readonly modified: Date;
};

/** All files together, so that no client can fill the memory. */
const maxTreeBytes = 512 * 1024 * 1024;

/** `cwd` and a client's argument to a path of the tree; `..` stops at the root. */
export function resolvePath(cwd: string, argument: string): string {
  const parts: string[] = [];
  for (const part of `${argument.startsWith("/") ? "" : cwd}/${argument}`.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function parentOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

export function createFileTree(initial: Readonly<Record<string, Uint8Array>>): FileTree {
  const files = new Map<string, Buffer>();
  const directories = new Set<string>([""]);
  const times = new Map<string, Date>();
  const started = new Date();

  function addParents(path: string): void {
    for (let parent = parentOf(path); parent !== ""; parent = parentOf(parent)) directories.add(parent);
  }

  for (const [name, content] of Object.entries(initial)) {
    const path = resolvePath("", Buffer.from(name, "utf8").toString("latin1"));
    files.set(path, Buffer.from(content));
    addParents(path);
  }

  function entry(path: string): Entry {
    const bytes = files.get(path)?.length ?? 0;
    const name = path.slice(path.lastIndexOf("/") + 1);
    return { name, directory: directories.has(path), bytes, modified: times.get(path) ?? started };
  }

  function children(path: string): string[] {
    const inside = (name: string) => name !== "" && parentOf(name) === path;
    return [...[...directories].filter(inside), ...[...files.keys()].filter(inside)].toSorted();
  }

  function taken(path: string): boolean {
    return files.has(path) || directories.has(path);
  }

  return {
    files,
    isDirectory: (path) => directories.has(path),
    list(path) {
      if (directories.has(path)) return children(path).map(entry);
      return files.has(path) ? [entry(path)] : undefined;
    },
    modified: (path) => times.get(path) ?? started,
    write(path, content) {
      let total = content.length - (files.get(path)?.length ?? 0);
      for (const file of files.values()) total += file.length;
      if (total > maxTreeBytes) return false;
      files.set(path, content);
      times.set(path, new Date());
      return true;
    },
    removeFile: (path) => files.delete(path),
    makeDirectory(path) {
      if (taken(path) || !directories.has(parentOf(path))) return false;
      directories.add(path);
      return true;
    },
    removeDirectory: (path) => path !== "" && children(path).length === 0 && directories.delete(path),
    rename(from, to) {
      if (from === "" || !taken(from) || directories.has(to) || !directories.has(parentOf(to))) return false;
      if (`${to}/`.startsWith(`${from}/`)) return false;
      const moved = (path: string) => to + path.slice(from.length);
      for (const [path, content] of files) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        files.delete(path);
        files.set(moved(path), content);
      }
      for (const path of directories) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        directories.delete(path);
        directories.add(moved(path));
      }
      return true;
    },
  };
}
