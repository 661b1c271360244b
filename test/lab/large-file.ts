// Large file: 64 MiB in which no two places are alike.

export function largeFile(): Buffer {
  const file = Buffer.alloc(64 * 1024 * 1024);
  for (let at = 0; at < file.length; at += 4) file.writeUInt32LE(at, at);
  return file;
}
