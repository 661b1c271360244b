// Message stream: the lines that arrive on a connection, read one after the other, none of them longer than a message may be.
import type { Socket } from "node:net";
import { longestMessage } from "./handover-messages.ts";

export type MessageStream<T> = {
  /** The next message; undefined once the other end has closed. Rejects with an Error after that time, and when a line is too long. */
  next(timeoutMs?: number): Promise<T | undefined>;
};

/** Messages that nobody has asked for yet: honest peers say one, and wait. */
const mostWaiting = 64;

export function readMessages<T>(
  socket: Socket,
  parse: (line: string) => T,
  longest: number = longestMessage,
): MessageStream<T> {
  const waiting: string[] = [];
  let rest = "";
  let problem: string | undefined;
  let isOver = false;
  let wake = (): void => {};

  function fail(text: string): void {
    problem ??= text;
    socket.destroy();
  }

  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    waiting.push(...lines);
    if (rest.length > longest || lines.some((line) => line.length > longest)) fail("a message is too long");
    if (waiting.length > mostWaiting) fail("too many messages");
    wake();
  });
  for (const event of ["end", "close", "error"]) {
    socket.on(event, () => {
      isOver = true;
      wake();
    });
  }

  return {
    async next(timeoutMs) {
      let timer: NodeJS.Timeout | undefined;
      try {
        for (;;) {
          if (problem !== undefined) throw new Error(problem);
          const line = waiting.shift();
          if (line !== undefined) return parse(line);
          if (isOver) return undefined;
          const isLate = await new Promise<boolean>((resolve) => {
            wake = () => resolve(false);
            if (timeoutMs !== undefined) timer ??= setTimeout(() => resolve(true), timeoutMs);
          });
          if (isLate && waiting.length === 0) throw new Error(`nothing came for ${timeoutMs} ms`);
        }
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
