// Journal: systemd's, by its own socket, which takes fields and not lines alone.
import type { Journal } from "../observe/log.ts";
import { openDatagrams } from "../sockets/datagrams.ts";

const defaultSocket = "/run/systemd/journal/socket";

/** Opened with the first entry. Where it can't be, or an entry is not taken, `send` says so, and the next one tries again. */
export function openJournal(path = defaultSocket): Journal {
  let opened: ReturnType<typeof openDatagrams> | undefined;
  return {
    send(entry) {
      opened ??= openDatagrams(path);
      if (opened.ok && opened.datagrams.send(entry) === undefined) return true;
      if (opened.ok) opened.datagrams.close();
      opened = undefined;
      return false;
    },
  };
}
