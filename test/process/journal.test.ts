import { expect, test } from "vitest";
import { openJournal } from "../../src/process/journal.ts";
import { notifySocket } from "../sockets/notified.ts";

test("an entry arrives whole at the journal's socket, and where there is none that is said", async () => {
  const receiver = notifySocket();
  const journal = openJournal(receiver.socket);
  for (const entry of ["MESSAGE=one\nPRIORITY=6\n", "MESSAGE=naïve\nPRIORITY=4\n"]) {
    expect(journal.send(entry)).toBe(true);
    expect(await receiver.next()).toBe(entry);
  }
  expect(openJournal("/nonexistent/socket").send("MESSAGE=lost\n")).toBe(false);
});

test("a journal that comes later is found, and one that does not read holds nothing up", () => {
  const receiver = notifySocket();
  const journal = openJournal(receiver.socket);
  let sent = 0;
  while (journal.send(`MESSAGE=${"x".repeat(1000)}\n`) && sent < 100_000) sent += 1;
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(100_000);
});
