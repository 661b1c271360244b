// First look: a client that makes its data connection and then speaks is heard in that order, though its two connections are
// read in any order. Before its line is taken, whatever has come by now on other sockets is handed over.

/** Of one session. */
export type FirstLook = { state: "due" | "under way" | "done" };

/** Whether the others have been looked at since the last line. If not, `again` is called when they have, in the next turn. */
export function hasLooked(look: FirstLook, again: () => void): boolean {
  if (look.state === "due") {
    look.state = "under way";
    setImmediate(() => {
      look.state = "done";
      again();
    });
  }
  if (look.state === "under way") return false;
  look.state = "due";
  return true;
}
