// Directory listings of the embedded FTP server, in the forms that clients parse.
import type { Entry } from "./file-tree.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** As `ls -l` prints it, which is what clients expect of LIST. */
export function formatUnixEntry({ name, directory, bytes, modified }: Entry): string {
  const mode = directory ? "drwxr-xr-x" : "-rw-r--r--";
  const day = String(modified.getUTCDate()).padStart(2);
  const time = modified.toISOString().slice(11, 16);
  return `${mode}    1 ftp      ftp      ${String(bytes).padStart(12)} ${months[modified.getUTCMonth()]} ${day} ${time} ${name}`;
}

/** RFC 3659 §7.2: `type=file;size=12;modify=20261120101500; name` */
export function formatFactsEntry(entry: Entry): string {
  const size = entry.directory ? "" : `size=${entry.bytes};`;
  return `type=${entry.directory ? "dir" : "file"};${size}modify=${formatTime(entry.modified)}; ${entry.name}`;
}

/** RFC 3659 §2.3: `20261120101500`, UTC. */
export function formatTime(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(/[-T:]/g, "");
}
