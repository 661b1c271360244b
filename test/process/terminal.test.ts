// A terminal is taken and given back; what a real one shows is tried in cli/top/top.test.ts.
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { createTerminal } from "../../src/process/terminal.ts";

function streams(isTTY = true) {
  let text = "";
  const modes: boolean[] = [];
  const input = Object.assign(new EventEmitter(), {
    ...{ isTTY, setRawMode: (mode: boolean) => void modes.push(mode), setEncoding() {}, resume() {}, pause() {} },
  });
  const output = Object.assign(new EventEmitter(), {
    ...{ isTTY, columns: 0, rows: 40, write: (part: string) => ((text += part), true) },
  });
  type Streams = Parameters<typeof createTerminal>;
  const terminal = createTerminal(input as unknown as Streams[0], output as unknown as Streams[1]);
  return { terminal, input, output, modes, text: () => text };
}

test("where there is no terminal there is none to take", () => {
  expect(streams(false).terminal).toBeUndefined();
});

test("what was taken is given back once, with all that listened to it", () => {
  const { terminal, input, output, modes, text } = streams();
  const heard: string[] = [];
  terminal?.close();
  expect(text()).toBe("");
  terminal?.open({ key: (bytes) => void heard.push(bytes), resized: () => void heard.push("resized") });
  input.emit("data", "q");
  output.emit("resize");
  terminal?.show(["a", "b"]);
  terminal?.close();
  terminal?.close();
  terminal?.show(["c"]);
  input.emit("data", "x");
  output.emit("resize");
  expect(heard).toEqual(["q", "resized"]);
  expect(modes).toEqual([true, false]);
  expect(text()).toBe("\u001b[?1049h\u001b[?25l\u001b[Ha\u001b[K\r\nb\u001b[K\u001b[J\u001b[?25h\u001b[?1049l");
  expect([input.listenerCount("data"), output.listenerCount("resize")]).toEqual([0, 0]);
});

test("a terminal that does not say how large it is has 80 columns", () => {
  expect(streams().terminal?.size()).toEqual({ columns: 80, rows: 40 });
});
