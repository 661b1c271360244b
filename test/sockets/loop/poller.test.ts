import { afterEach, expect, test } from "vitest";
import { loadLoopCalls, type LoopCalls } from "../../../src/sockets/loop/loop-calls.ts";
import { createPoller, interests, type Poller } from "../../../src/sockets/loop/poller.ts";
import { soon } from "../../../src/sockets/soon.ts";

const calls = loaded();
const descriptors = new Set<number>();
const pollers: Poller[] = [];
afterEach(() => {
  for (const poller of pollers.splice(0)) poller.close();
  for (const fd of descriptors) calls.close(fd);
  descriptors.clear();
});

function loaded(): LoopCalls {
  const made = loadLoopCalls();
  if (!made.ok) throw new Error(made.reason);
  return made.calls;
}

function setPoller(called: () => void = () => {}): Poller {
  const made = createPoller(calls, called);
  pollers.push(made);
  return made;
}

/** AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC */
function pair(): [number, number] {
  const ends = new Int32Array(2);
  calls.pair(1, 0o2004001, 0, new Uint8Array(ends.buffer));
  const [one = -1, other = -1] = ends;
  descriptors.add(one).add(other);
  return [one, other];
}

function closeEnd(fd: number): void {
  descriptors.delete(fd);
  calls.close(fd);
}

const say = (fd: number, text: string): unknown => calls.send(fd, Buffer.from(text), text.length, 0x40);

test("who is registered hears that there is something to read, and with whose connection it has to do", () => {
  const [mine, theirs] = pair();
  const { add, wait } = setPoller();
  const told: unknown[] = [];
  add(mine, interests.read, "owner", (...what) => told.push(what));
  expect(wait(0)).toBe(0);
  say(theirs, "x");
  expect(wait(0)).toBe(1);
  expect(told).toEqual([["owner", true, false, false, false]]);
});

test("an event of a descriptor that was closed in the same turn, and is another connection's by then, is nobody's", () => {
  const [first, ofFirst] = pair();
  const [second, ofSecond] = pair();
  const { add, forget, wait } = setPoller();
  const told: string[] = [];
  /** Both are ready; who comes first closes the other, whose number is given to a new connection. */
  const closing = (name: string, other: number) => () => {
    told.push(name);
    forget(other);
    closeEnd(other);
    const [taken] = pair();
    expect(taken).toBe(other);
    add(taken, interests.read, undefined, () => told.push("new"));
  };
  add(first, interests.read, undefined, closing("first", second));
  add(second, interests.read, undefined, closing("second", first));
  say(ofFirst, "x");
  say(ofSecond, "x");
  wait(0);
  expect(told).toHaveLength(1);
  expect(told).not.toContain("new");
});

test("another interest, owner and callee take the place of those before", () => {
  const [mine, theirs] = pair();
  const { add, hand, change, wait } = setPoller();
  const told: string[] = [];
  add(mine, interests.write, undefined, () => told.push("before"));
  hand(mine, interests.read, undefined, () => told.push("after"));
  expect(wait(0)).toBe(0);
  say(theirs, "x");
  wait(0);
  change(mine, interests.none);
  expect(wait(0)).toBe(0);
  expect(told).toEqual(["after"]);
});

test("one that is removed is not told of, and can be registered again", () => {
  const [mine, theirs] = pair();
  const { add, remove, wait, numberOf } = setPoller();
  add(mine, interests.read, undefined, () => {});
  remove(mine);
  say(theirs, "x");
  expect(wait(0)).toBe(0);
  expect(numberOf(mine)).toBeUndefined();
  add(mine, interests.read, undefined, () => {});
  expect(wait(0)).toBe(1);
});

test("the end of the peer's direction is told with the interest `end`, and a connection that is gone whatever the interest is", () => {
  const [mine, theirs] = pair();
  const { add, change, wait } = setPoller();
  const told: boolean[][] = [];
  add(mine, interests.read | interests.end, undefined, (_, ...what) => told.push(what));
  calls.shutdown(theirs, 1);
  wait(0);
  change(mine, interests.none);
  expect(wait(0)).toBe(0);
  closeEnd(theirs);
  wait(0);
  expect(told).toEqual([
    [true, false, false, true],
    [true, true, true, false],
  ]);
});

test("what a callee puts off is done before the next one is called, and Node's ticks once behind all of them", () => {
  const done: string[] = [];
  const { add, wait } = setPoller(() => done.push("ticks"));
  for (const name of ["one", "two"]) {
    const [mine, theirs] = pair();
    add(mine, interests.read, undefined, () => {
      soon(() => done.push(`${name} put off`));
      done.push(name);
    });
    say(theirs, "x");
  }
  wait(0);
  expect(done).toHaveLength(5);
  expect(done.at(-1)).toBe("ticks");
  expect([done[1], done[3]]).toEqual([`${done[0]} put off`, `${done[2]} put off`]);
});

test("what a callee throws comes out, and what was put off meanwhile is not lost", async () => {
  const [mine, theirs] = pair();
  const { add, wait } = setPoller();
  let isDone = false;
  add(mine, interests.read, undefined, () => {
    soon(() => (isDone = true));
    throw new Error("a bug of ours");
  });
  say(theirs, "x");
  expect(() => wait(0)).toThrow("a bug of ours");
  expect(isDone).toBe(false);
  await Promise.resolve();
  expect(isDone).toBe(true);
});

test("a descriptor that is none can't be registered, in the system's word", () => {
  expect(() => setPoller().add(9999, interests.read, undefined, () => {})).toThrow("epoll_ctl EBADF");
});
