// What becomes of transfers when the kernel, the machine or the process lets the kernel plane down, and what is left behind.
// A full map is here; a full table of connections is not: nf_conntrack_max is of the machine, and no namespace can lower it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { createMarks } from "../../src/dataplane/kernel/marks.ts";
import { formatRuleset } from "../../src/dataplane/kernel/nftables/ruleset.ts";
import { program } from "./programs.ts";
import { addresses } from "./topology.ts";
import { activeRequest, createKernelLab, type Edge, type KernelLab, passiveRequest } from "./kernel/kernel-lab.ts";

const obstacle = await obstacleTo("nft", "conntrack");
let nextId = 1;
let lab: KernelLab;

const mapNames = ["gate4", "dnat4", "snat4", "gate6", "dnat6", "snat6"];

/** How many elements are in the table's maps. */
async function elementCount(table = "ftp_alg"): Promise<number> {
  const maps = await Promise.all(mapNames.map((map) => lab.edgeOutput("nft", "-j", "list", "map", "inet", table, map)));
  return maps.reduce((sum, text) => {
    const { nftables } = JSON.parse(text) as { nftables: { map?: { elem?: unknown[] } }[] };
    return sum + (nftables.find((entry) => entry.map)?.map?.elem?.length ?? 0);
  }, 0);
}

async function listen(): Promise<{ id: number; port: number }> {
  const id = nextId++;
  const { port } = await lab.server.ask({ do: "listen", id, address: addresses.server.IPv4 });
  return { id, port: Number(port) };
}

async function join(edge: Edge, changed = {}) {
  const { id, port } = await listen();
  await edge.ask({ do: "open", id, request: passiveRequest("IPv4", port, changed) });
  const { client: endpoint } = await edge.event(id, "opened");
  await lab.client.ask({ do: "dial", id, ...endpoint! });
  await lab.client.event(id, "connected");
  await lab.server.event(id, "connected");
  await edge.event(id, "joined");
  return id;
}

async function complete(edge: Edge, id: number) {
  await lab.server.ask({ do: "send", id, bytes: 1000 });
  await lab.server.ask({ do: "fin", id });
  await lab.client.ask({ do: "fin", id });
  expect((await edge.event(id, "closed")).outcome).toBe("complete");
}

const tables = () => lab.edgeOutput("nft", "list", "tables");
/** Without any privilege but these, as nobody. */
const withOnly = (...capabilities: string[]) => {
  const list = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  return [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    `--inh-caps=${list}`,
    `--ambient-caps=${list}`,
    `--bounding-set=${list}`,
  ];
};

describe("the kernel plane let down", { timeout: 30_000 }, () => {
  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createKernelLab();
  }, 60_000);
  afterEach(() => lab?.clearEdge());
  afterAll(() => lab?.remove(), 30_000);

  test("a full map refuses the one pinhole too many, and takes another when one has ended", async () => {
    const edge = await lab.startEdge({ pinholes: 3 });
    const open = async () => {
      const id = nextId++;
      await edge.ask({ do: "open", id, request: passiveRequest("IPv4", 9) });
      return id;
    };
    const [first] = [await open(), await open(), await open()];
    const tooMany = await open();
    expect(await edge.event(tooMany, "refused")).toEqual({
      kind: "refused",
      reason: "plane-unavailable",
      detail: "ENFILE: a map of table inet ftp_alg is full",
    });
    await edge.ask({ do: "release", id: first });
    await edge.event(first, "closed");
    await edge.event(await open(), "opened");
  });

  test("a table deleted under it refuses one transfer, and is loaded again", async () => {
    const edge = await lab.startEdge();
    const running = await join(edge);
    await lab.edgeOutput("nft", "delete", "table", "inet", "ftp_alg");
    const id = nextId++;
    await edge.ask({ do: "open", id, request: passiveRequest("IPv4", 9) });
    expect(await edge.event(id, "refused")).toMatchObject({
      reason: "plane-unavailable",
      detail: "ENOENT: table inet ftp_alg or a map of it is gone",
    });
    await edge.line((line) => String(line["note"]).includes("stands back: ENOENT"), "the warning");
    await expect
      .poll(async () => (await edge.ask({ do: "unfit", request: passiveRequest("IPv4", 9) }))["unfit"])
      .toBeNull();
    await complete(edge, await join(edge));
    await complete(edge, running);
  });

  test("privileges lost while it runs refuse a transfer with the reason", async () => {
    const edge = await lab.startEdge();
    expect(await edge.ask({ do: "drop privileges" })).toMatchObject({ dropped: true });
    const id = nextId++;
    await edge.ask({ do: "open", id, request: passiveRequest("IPv4", 9) });
    expect(await edge.event(id, "refused")).toMatchObject({
      reason: "plane-unavailable",
      detail: "EPERM: nftables may not be changed (CAP_NET_ADMIN is missing)",
    });
    expect((await edge.ask({ do: "unfit", request: passiveRequest("IPv4", 9) }))["unfit"]).toMatch(/^EPERM: /);
    const { open } = (await edge.ask({ do: "counts" }))["counts"] as { open: number };
    expect(open).toBe(0);
  });

  test("without CAP_NET_ADMIN it says so and leaves nothing", async () => {
    expect(await lab.whyUnavailable({}, withOnly())).toMatch(/CAP_NET_ADMIN/);
    expect(await tables()).not.toContain("ftp_alg");
  });

  test("CAP_NET_ADMIN is all it needs: as nobody it opens, counts, aborts by RST on both sides, and cleans up", async () => {
    const edge = await lab.startEdge({}, withOnly("net_admin"));
    await complete(edge, await join(edge));
    const aborted = await join(edge);
    await edge.ask({ do: "release", id: aborted });
    expect((await edge.event(aborted, "closed")).outcome).toBe("aborted");
    expect((await lab.client.event(aborted, "ended")).ended).toBe("reset");
    expect((await lab.server.event(aborted, "ended")).ended).toBe("reset");
    await edge.ask({ do: "stop" });
    await edge.ended;
    expect(await tables()).not.toContain("ftp_alg");
  });

  test("where nft can't be run, a table that somebody else has loaded serves, and stays", async () => {
    const nft = await program("nft");
    // The mount is seen by this one process.
    const without = ["sh", "-c", 'mount --bind /dev/null "$0" && exec "$@"', nft.path];
    expect(await lab.whyUnavailable({}, without)).toMatch(/^table inet ftp_alg can't be loaded: /);
    const ruleset = formatRuleset({ table: "ftp_alg", marks: createMarks(), pinholes: 10 });
    expect((await lab.lab.run("edge", ["nft", "-f", "-"], { input: ruleset })).status).toBe(0);
    const edge = await lab.startEdge({}, without);
    await edge.line((line) => String(line["note"]).includes("as it was loaded by somebody else"), "the note");
    await complete(edge, await join(edge));
    await edge.ask({ do: "stop" });
    await edge.ended;
    expect(await tables()).toContain("ftp_alg");
  });

  test("where nothing is forwarded it is unavailable", async () => {
    await lab.edgeOutput(
      "sh",
      "-c",
      "echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding",
    );
    expect(await lab.whyUnavailable()).toBe("this machine forwards nothing: sysctl -w net.ipv4.ip_forward=1");
    await lab.edgeOutput("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    const edge = await lab.startEdge();
    expect((await edge.ask({ do: "unfit", request: passiveRequest("IPv4", 9) }))["unfit"]).toBeNull();
    expect((await edge.ask({ do: "unfit", request: passiveRequest("IPv6", 9) }))["unfit"]).toBe(
      "IPv6 is not forwarded by this machine",
    );
    await lab.edgeOutput("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
  });

  test("a table belongs to one living gateway, and names and marks can be chosen", async () => {
    const first = await lab.startEdge();
    expect(await lab.whyUnavailable()).toBe("table inet ftp_alg: another gateway that is running owns it");
    const second = await lab.startEdge({
      table: "ftp_second",
      mark: 0x0a800000,
      mask: 0xff800000,
      ports: [40_000, 40_999],
    });
    const [a, b] = [await join(first), await join(second)];
    await complete(first, a);
    await complete(second, b);
    expect(await lab.tracked("0x0a800000/0xff800000")).toHaveLength(1);
  });

  test("killed, it leaves the running transfer alone; its pinholes are gone with the next start", async () => {
    const edge = await lab.startEdge();
    const running = await join(edge);
    const { port } = await listen();
    const open = nextId++;
    await edge.ask({ do: "open", id: open, request: passiveRequest("IPv4", port) });
    const { client: endpoint } = await edge.event(open, "opened");
    edge.kill("SIGKILL");
    await edge.ended;
    expect(await elementCount()).toBe(3);
    await lab.server.ask({ do: "send", id: running, bytes: 1_000_000 });

    const next = await lab.startEdge();
    expect(await elementCount()).toBe(0);
    await lab.client.ask({ do: "dial", id: open, ...endpoint! });
    expect((await lab.client.event(open, "failed")).failed).toBe("ECONNREFUSED");
    await complete(next, await join(next));
    await lab.server.ask({ do: "send", id: running, bytes: 1_000_000 });
    await lab.server.ask({ do: "fin", id: running });
    expect(await lab.client.event(running, "ended")).toMatchObject({ ended: "fin", received: 2_000_000 });
  });

  test("stopped, it aborts what runs, takes its table away and lets the process end", async () => {
    const edge = await lab.startEdge();
    const id = await join(edge);
    await edge.ask({ do: "stop" });
    expect((await edge.event(id, "closed")).outcome).toBe("aborted");
    expect((await lab.client.event(id, "ended")).ended).toBe("reset");
    expect((await lab.server.event(id, "ended")).ended).toBe("reset");
    await edge.ended;
    expect(await tables()).not.toContain("ftp_alg");
    expect(edge.complaints()).toBe("");
  });

  test("conntrack events that were lost are made up for by asking the kernel", async () => {
    const edge = await lab.startEdge({ eventBufferBytes: 1 });
    const ids = [];
    for (let count = 0; count < 12; count++) ids.push(await join(edge));
    const [left] = ids.splice(0, 1);
    const busy = edge.ask({ do: "block", ms: 800 });
    for (const id of ids) {
      await lab.server.ask({ do: "fin", id });
      await lab.client.ask({ do: "fin", id });
    }
    await busy;
    const outcomes = await Promise.all(ids.map(async (id) => (await edge.event(id, "closed")).outcome));
    expect(new Set(outcomes)).toEqual(new Set(["complete"]));
    expect(edge.told).toContainEqual({
      level: "info",
      note: "conntrack events were lost; the kernel was asked instead",
    });
    await complete(edge, left!);
  });

  test("a thousand transfers leave no element, connection, descriptor or port behind", async () => {
    // What a late RST has closed is kept as long as what ended in order.
    await lab.edgeOutput("sh", "-c", "echo 120 > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close");
    const edge = await lab.startEdge();
    const { port } = await lab.server.ask({ do: "listen", id: 0, address: addresses.server.IPv4, serve: 5000 });
    const transfer = async () => {
      const id = nextId++;
      await edge.ask({ do: "open", id, request: passiveRequest("IPv4", Number(port)) });
      const { client: endpoint } = await edge.event(id, "opened");
      await lab.client.ask({ do: "dial", id, ...endpoint! });
      expect(await lab.client.event(id, "ended")).toMatchObject({ ended: "fin", received: 5000 });
      await lab.client.ask({ do: "fin", id });
      const { outcome, bytesDown } = await edge.event(id, "closed");
      expect([outcome, bytesDown >= 5000]).toEqual(["complete", true]);
    };
    await transfer();
    const before = (await edge.ask({ do: "counts" }))["counts"] as Record<string, number>;
    for (let round = 0; round < 40; round++) await Promise.all(Array.from({ length: 25 }, transfer));
    const after = (await edge.ask({ do: "counts" }))["counts"] as Record<string, number>;
    expect(after).toEqual({ ...before, free: before["free"]! - 1000, resting: before["resting"]! + 1000 });
    expect(await elementCount()).toBe(0);
    // Connection tracking keeps what has ended, so that no four-tuple is used again too early.
    const tracked = await lab.tracked("0x46000000/0xff000000");
    const served = tracked.filter((line) => line.includes(`sport=${String(port)} `));
    expect(served).toHaveLength(1001);
    // On a busy machine a client sends its FIN twice, and meets the second acknowledgement with an RST, as its socket is gone.
    const { openerReset, answererReset, aborted } = createMarks();
    const flagsOf = (line: string) => Number(/ mark=(\d+) /.exec(line)?.[1]) & (openerReset | answererReset | aborted);
    const isInOrder = (line: string) => flagsOf(line) === (line.includes("TIME_WAIT") ? 0 : openerReset);
    expect(served.filter((line) => !isInOrder(line))).toEqual([]);
  }, 60_000);
});

describe("beside an administrator's chain that drops what is forwarded", { timeout: 30_000 }, () => {
  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createKernelLab("nat");
  }, 60_000);
  afterEach(async () => {
    await lab?.clearEdge();
  });
  afterAll(() => lab?.remove(), 30_000);

  const rule = "ct mark & 0xff000000 == 0x46000000 accept";
  const command = `nft insert rule inet edge forward ${rule}`;

  test("the chain is named with the one rule it needs, and with the rule active mode passes", async () => {
    expect(await lab.whyUnavailable({ yieldsToDropPolicy: true })).toContain(command);
    const warned = await lab.startEdge();
    await warned.line((line) => String(line["note"]).endsWith(command), "the note");
    await lab.clearEdge();

    await lab.edgeOutput("nft", "insert", "rule", "inet", "edge", "forward", ...rule.split(" "));
    const edge = await lab.startEdge({ yieldsToDropPolicy: true });
    expect(edge.told.filter((line) => "note" in line && String(line["note"]).includes("drops"))).toEqual([]);
    const id = nextId++;
    const { port } = await lab.client.ask({ do: "listen", id, address: addresses.client.IPv4 });
    await edge.ask({ do: "open", id, request: activeRequest("IPv4", Number(port)) });
    const { server: endpoint } = await edge.event(id, "opened");
    await lab.server.ask({ do: "dial", id, ...endpoint!, from: addresses.server.IPv4, fromPort: 20 });
    await lab.server.event(id, "connected");
    await complete(edge, id);
  });
});
