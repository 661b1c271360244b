// Who owns the kernel plane's table: one living gateway, and nobody who may not change nftables.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { converse, type Conversation, createKernelLab, type KernelLab, passiveRequest } from "./kernel/kernel-lab.ts";
import type { Place } from "./topology.ts";

const obstacle = await obstacleTo("nft");
let lab: KernelLab;
const owners: Conversation<never>[] = [];

const another = "table inet ftp_alg: another gateway that is running owns it";
const asNobody = (...capabilities: string[]) => {
  const list = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  const ids = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  return [...ids, `--inh-caps=${list}`, `--ambient-caps=${list}`, `--bounding-set=${list}`];
};

/** Why that process does not own the table; null where it does, for as long as it lives. */
async function tryToOwn(place: Place, wrapper: readonly string[] = []): Promise<unknown> {
  const table = JSON.stringify({ table: "ftp_alg" });
  const owner = await converse<never>(lab.lab, place, "owner-process.ts", [table], wrapper);
  owners.push(owner);
  return owner.greeting["obstacle"];
}

async function killOwners() {
  for (const owner of owners.splice(0)) {
    owner.kill("SIGKILL");
    await owner.ended;
  }
}

const nft = (...args: string[]) => lab.lab.run("edge", ["nft", ...args]);
const nftAsNobody = (...args: string[]) => lab.lab.run("edge", [...asNobody(), "nft", ...args]);

describe("the ownership of the kernel plane's table", { timeout: 30_000 }, () => {
  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createKernelLab();
  }, 60_000);
  afterEach(async () => {
    await killOwners();
    await lab?.clearEdge();
  });
  afterAll(() => lab?.remove(), 30_000);

  test("attack: a user without rights can neither take it nor keep a gateway from it", async () => {
    expect(await tryToOwn("edge", asNobody())).toBe("the process may not change nftables (CAP_NET_ADMIN is missing)");
    expect((await nftAsNobody("add", "table", "inet", "ftp_alg.owner")).status).not.toBe(0);
    const edge = await lab.startEdge();
    expect((await edge.ask({ do: "unfit", request: passiveRequest("IPv4", 9) }))["unfit"]).toBeNull();
  });

  test("attack: a user without rights can't free it either", async () => {
    await lab.startEdge();
    expect(await tryToOwn("edge", asNobody())).toBe("the process may not change nftables (CAP_NET_ADMIN is missing)");
    expect((await nftAsNobody("delete", "table", "inet", "ftp_alg.owner")).status).not.toBe(0);
    expect(await lab.whyUnavailable()).toBe(another);
  });

  test("two gateways exclude each other, whichever users they are", async () => {
    const first = await lab.startEdge({}, asNobody("net_admin"));
    expect(await lab.whyUnavailable()).toBe(another);
    await first.ask({ do: "stop" });
    await first.ended;
    await lab.startEdge();
    expect(await lab.whyUnavailable({}, asNobody("net_admin"))).toBe(another);
  });

  test("a gateway that is killed frees it at once, ten times in a row", async () => {
    for (let count = 0; count < 10; count++) {
      expect(await tryToOwn("edge")).toBeNull();
      await killOwners();
    }
    const edge = await lab.startEdge();
    edge.kill("SIGKILL");
    await edge.ended;
    await lab.startEdge();
  });

  test("`nft flush ruleset` and a deletion by root leave it with its gateway, whose table is loaded again", async () => {
    const edge = await lab.startEdge();
    expect((await nft("delete", "table", "inet", "ftp_alg.owner")).status).not.toBe(0);
    expect((await nft("flush", "ruleset")).status).toBe(0);
    expect(await lab.edgeOutput("nft", "list", "tables")).toBe("table inet ftp_alg.owner\n");
    expect(await lab.whyUnavailable()).toBe(another);
    await edge.ask({ do: "open", id: 1, request: passiveRequest("IPv4", 9) });
    await edge.event(1, "refused");
    const unfit = async () => (await edge.ask({ do: "unfit", request: passiveRequest("IPv4", 9) }))["unfit"];
    await expect.poll(unfit).toBeNull();
  });

  test("it is of a network namespace: a gateway in another one has the same table", async () => {
    await lab.startEdge();
    expect(await tryToOwn("client")).toBeNull();
  });

  test("a table of its name that an older nft has restored is replaced, unless it holds something", async () => {
    expect((await nft("add", "table", "inet", "ftp_alg.owner")).status).toBe(0);
    const edge = await lab.startEdge();
    expect(await lab.edgeOutput("nft", "list", "table", "inet", "ftp_alg.owner")).toContain("flags owner");
    await edge.ask({ do: "stop" });
    await edge.ended;
    expect(await lab.edgeOutput("nft", "list", "tables")).toBe("");
    expect((await nft("add", "table", "inet", "ftp_alg.owner")).status).toBe(0);
    expect((await nft("add", "chain", "inet", "ftp_alg.owner", "mine")).status).toBe(0);
    expect(await lab.whyUnavailable()).toBe(
      "table inet ftp_alg.owner holds something: nft delete table inet ftp_alg.owner",
    );
    expect((await nft("delete", "table", "inet", "ftp_alg.owner")).status).toBe(0);
  });
});
