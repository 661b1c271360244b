// Quantities: bytes, times and rates as people read them.

/** `29 bytes`, `1.5 kB`, `734 MB`; a kilobyte has 1000 bytes. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

const units = ["kB", "MB", "GB", "TB", "PB"];

/** `3 ms`, `4.2 s`, `1 min 5 s`, `2 h 3 min`. */
export function durationText(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return joined(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.floor(seconds / 60);
  return joined(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

function joined(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

/** `71 MB/s`; undefined of so short a time that it would say nothing. */
export function rateText(bytes: number, ms: number): string | undefined {
  return ms < 1 || bytes === 0 ? undefined : `${bytesText(Math.round((bytes * 1000) / ms))}/s`;
}
