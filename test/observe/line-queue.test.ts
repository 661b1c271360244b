import fc from "fast-check";
import { expect, test } from "vitest";
import { createLineQueue } from "../../src/observe/line-queue.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test("what is next stays the same until it is written, also when more comes", () => {
  const queue = createLineQueue(1000);
  queue.add("one\n");
  expect(text(queue.next())).toBe("one\n");
  queue.add("two\n");
  queue.wrote(2);
  expect(text(queue.next())).toBe("e\n");
  queue.wrote(2);
  expect(text(queue.next())).toBe("two\n");
  queue.wrote(4);
  expect(text(queue.next())).toBe("");
  expect(queue.bytes()).toBe(0);
});

test("a line of which a part was written is next as a whole, and those before it are not", () => {
  const queue = createLineQueue(1000);
  queue.add("one\ntwo\n");
  queue.next();
  queue.wrote(6);
  queue.beginLineAgain();
  expect(text(queue.next())).toBe("two\n");
  expect(queue.bytes()).toBe(4);
});

test("limit: what does not fit is dropped and counted, and the count is told when half is free again", () => {
  const queue = createLineQueue(10);
  for (let n = 0; n < 5; n += 1) queue.add("line\n");
  expect(queue.bytes()).toBe(10);
  expect(queue.takeDropped()).toBe(0);
  queue.next();
  queue.wrote(5);
  expect(queue.takeDropped()).toBe(3);
  expect(queue.takeDropped()).toBe(0);
});

test("every line that was taken comes out once and in order, however it is written, and whole in each file", () => {
  const step = fc.oneof(
    fc.record({ add: fc.string({ unit: "grapheme", maxLength: 9 }).map((line) => `${line.replaceAll("\n", "")}\n`) }),
    fc.record({ wrote: fc.nat(12) }),
    fc.constant("another file"),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = createLineQueue(1_000_000);
      const added: string[] = [];
      const files = [""];
      const write = (most: number): void => {
        const piece = queue.next().subarray(0, most);
        files[files.length - 1] += Buffer.from(piece).toString("latin1");
        queue.wrote(piece.length);
      };
      for (const one of [...steps, { wrote: 1_000_000 }]) {
        if (one === "another file") {
          queue.beginLineAgain();
          files.push("");
        } else if ("add" in one) {
          added.push(one.add);
          queue.add(one.add);
        } else write(one.wrote);
      }
      write(1_000_000);
      // What was cut off at the end of a file stands whole at the beginning of the next one.
      const whole = files.map((file) => file.slice(0, file.lastIndexOf("\n") + 1)).join("");
      expect(Buffer.from(whole, "latin1").toString()).toBe(added.join(""));
    }),
  );
});
