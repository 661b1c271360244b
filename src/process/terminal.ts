// Terminal: a whole screen for a command, and the keys that are pressed, until it is given back to the shell.
import type { ReadStream, WriteStream } from "node:tty";

export type ScreenSize = { readonly columns: number; readonly rows: number };

export type Terminal = {
  size(): ScreenSize;
  /** Takes the screen. `key` is told what the keys send, as it comes; `resized` when the size has changed. */
  open(handlers: { readonly key: (bytes: string) => void; readonly resized: () => void }): void;
  /** Shows these lines and nothing else; each is no wider than the screen. */
  show(lines: readonly string[]): void;
  /** Gives the screen back as it was. Harmless if it is not taken. */
  close(): void;
};

const takeScreen = "\u001b[?1049h\u001b[?25l";
const giveBack = "\u001b[?25h\u001b[?1049l";
const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

/** Undefined where one of them is no terminal. */
export function createTerminal(
  input: Pick<ReadStream, "isTTY" | "setRawMode" | "setEncoding" | "on" | "off" | "resume" | "pause">,
  output: Pick<WriteStream, "isTTY" | "columns" | "rows" | "write" | "on" | "off">,
): Terminal | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  let opened: { readonly key: (bytes: string) => void; readonly resized: () => void } | undefined;
  return {
    // Some pseudo terminals have no size.
    size: () => ({ columns: output.columns || 80, rows: output.rows || 24 }),
    open(handlers) {
      opened = handlers;
      input.setRawMode(true);
      input.setEncoding("latin1");
      input.on("data", handlers.key);
      input.resume();
      output.on("resize", handlers.resized);
      output.write(takeScreen);
    },
    show(lines) {
      if (opened !== undefined) output.write(home + lines.map((line) => line + clearLine).join("\r\n") + clearBelow);
    },
    close() {
      if (opened === undefined) return;
      input.off("data", opened.key);
      output.off("resize", opened.resized);
      opened = undefined;
      input.setRawMode(false);
      input.pause();
      output.write(giveBack);
    },
  };
}
