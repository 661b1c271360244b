import { expect, test } from "vitest";
import { createCommandReader } from "../../../src/ftp/command-reader.ts";
import { createReplyReader } from "../../../src/ftp/reply-reader.ts";
import { createReaderPool, endsLine } from "../../../src/gateway/control/reader-pool.ts";

const nothing = (): undefined => undefined;

test("a reader that was given back is taken again, and no more are made than are in use at once", () => {
  let made = 0;
  const pool = createReaderPool(() => {
    made += 1;
    return { feed: () => [] };
  }, nothing);
  for (let count = 0; count < 10; count += 1) pool.giveBack(pool.take());
  expect(made).toBe(1);
  const inUse = [pool.take(), pool.take(), pool.take()];
  expect(new Set(inUse).size).toBe(3);
  expect(made).toBe(3);
});

test("of many that were in use at once a few are kept", () => {
  let made = 0;
  const pool = createReaderPool(() => {
    made += 1;
    return { feed: () => [] };
  }, nothing);
  const inUse = Array.from({ length: 1000 }, () => pool.take());
  for (const reader of inUse) pool.giveBack(reader);
  for (let count = 0; count < 1000; count += 1) pool.take();
  expect(made).toBeGreaterThan(1900);
});

const endings = [
  "PWD\r\n",
  "x".repeat(50) + "\n",
  "a\0b\n",
  "a\rb\n",
  "\xff\xfb\n",
  "\xff\xfa unfinished\n",
  "\xff\n",
  "\r\r\r\n",
];

test.each(endings)("a reader that was fed %j is as new: the next line is read as by a fresh one", (line) => {
  const chunk = Buffer.from(line, "latin1");
  expect(endsLine(chunk)).toBe(true);
  const next = Buffer.from("STAT \xff\xfff\r\nrest", "latin1");
  for (const create of [createCommandReader, createReplyReader]) {
    const used = create({ maxBytes: 20 });
    used.feed(chunk);
    expect(used.feed(next)).toEqual(create({ maxBytes: 20 }).feed(next));
  }
});

test.each(["", "PWD", "PWD\r", "PWD\r\nP"])("%j ends no line", (text) => {
  expect(endsLine(Buffer.from(text))).toBe(false);
});
