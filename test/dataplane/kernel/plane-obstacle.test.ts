import { expect, test } from "vitest";
import { createPlaneObstacle } from "../../../src/dataplane/kernel/plane-obstacle.ts";
import { errnos } from "../../../src/sockets/system-calls.ts";

const denied = "EPERM: nftables may not be changed (CAP_NET_ADMIN is missing)";
const gone = "ENOENT: table inet ftp_alg or a map of it is gone";

/** An obstacle beside a kernel that answers as told; `loaded` is what loading the table comes to. */
function obstacleAt({ answer = errnos.eperm, loaded }: { answer?: number; loaded?: string } = {}) {
  const kernel = { now: 0, answer, probes: 0 };
  const notes: string[] = [];
  const obstacle = createPlaneObstacle({
    table: "ftp_alg",
    note: (level, text) => notes.push(`${level} ${text}`),
    probe() {
      kernel.probes++;
      return kernel.answer;
    },
    reload: async () => loaded,
    now: () => kernel.now,
  });
  return { obstacle, kernel, notes };
}

test("a refusal is told once, and the plane stands back; it asks again after 5 s, and not before", () => {
  const { obstacle, kernel, notes } = obstacleAt();
  expect(obstacle.current()).toBeUndefined();
  expect([obstacle.refused(errnos.eperm), obstacle.refused(errnos.eperm)]).toEqual([denied, denied]);
  expect(notes).toEqual([`warn the kernel plane stands back: ${denied}`]);
  kernel.now = 4999;
  expect([obstacle.current(), kernel.probes]).toEqual([denied, 0]);
  kernel.now = 5000;
  expect([obstacle.current(), obstacle.current(), kernel.probes]).toEqual([denied, denied, 1]);
});

test("once the kernel would take a pinhole again, the plane is usable, and that is told", () => {
  const { obstacle, kernel, notes } = obstacleAt({ answer: 0 });
  obstacle.refused(errnos.eperm);
  kernel.now = 5000;
  expect([obstacle.current(), obstacle.current(), kernel.probes]).toEqual([undefined, undefined, 1]);
  expect(notes.at(-1)).toBe("info the kernel plane is usable again");
});

test("a full map refuses one pinhole and does not make the plane stand back", () => {
  const { obstacle, notes } = obstacleAt();
  expect(obstacle.refused(errnos.enfile)).toBe("ENFILE: a map of table inet ftp_alg is full");
  expect([obstacle.current(), notes]).toEqual([undefined, []]);
});

test("a table that is gone is loaded again, and the kernel asked at once when it is", async () => {
  const { obstacle, kernel } = obstacleAt({ answer: 0 });
  expect([obstacle.refused(errnos.enoent), obstacle.current()]).toEqual([gone, gone]);
  await Promise.resolve();
  expect([obstacle.current(), kernel.probes]).toEqual([undefined, 1]);
});

test("a table that can't be loaded again keeps the plane back", async () => {
  const { obstacle, kernel } = obstacleAt({ answer: errnos.enoent, loaded: "no nft" });
  obstacle.refused(errnos.enoent);
  await Promise.resolve();
  expect([obstacle.current(), kernel.probes]).toEqual([gone, 0]);
});

test("another refusal is told by its name, and a failure is for ever", () => {
  const { obstacle, kernel, notes } = obstacleAt({ answer: 0 });
  expect(obstacle.refused(16)).toBe("EBUSY: the pinhole was refused");
  obstacle.failed("no conntrack events any more: EBADF");
  kernel.now = 1e9;
  expect(obstacle.current()).toBe("no conntrack events any more: EBADF");
  expect(notes.at(-1)).toBe("warn no conntrack events any more: EBADF");
});

test("told to stand back, it does so until it is told otherwise, and asks the kernel nothing", () => {
  const { obstacle, kernel, notes } = obstacleAt({ answer: 0 });
  obstacle.standBack("a chain drops what is forwarded");
  expect(obstacle.current()).toBe("a chain drops what is forwarded");
  obstacle.standBack(undefined);
  expect([obstacle.current(), kernel.probes, notes]).toEqual([undefined, 0, []]);
});
