// `ftp-alg probe` run where clients are, through a gateway that fails in ways which are brought about: each hop, as the probe saw it and
// as the gateway found it.
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { startGateway, type LabGateway } from "./gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import type { Running } from "./process.ts";
import { addresses } from "./topology.ts";

const source = path.resolve(import.meta.dirname, "../../src");
const obstacle = await obstacleTo("nft");
const server = addresses.server.IPv4;
const edge = addresses.edgeToClient.IPv4;
const admin = `${edge}:9121`;

/** Drops what connects to the client's data ports of one gateway, and what the server sends out to those of another. */
const edgeRules = `table inet faults {
  chain input {
    type filter hook input priority -10;
    iifname "lan" tcp dport 20100-20109 drop
  }
}
`;
const serverRules = `table inet faults {
  chain output {
    type filter hook output priority -10;
    tcp dport 30200-30209 drop
  }
}
`;

const base = (port: number, more: object = {}) => ({
  name: `g${port}`,
  listen: [`${edge}:${port}`],
  route: { server: `${server}:21` },
  dataPlane: "relay",
  timeouts: { connect: "1s", pinhole: "2s" },
  ...more,
});

type Mode = {
  readonly mode: string;
  readonly ok: boolean;
  readonly hops: readonly { readonly hop: string; readonly state: string }[];
  readonly steps: readonly { readonly name: string }[];
  readonly failure?: { readonly hop: string; readonly cause: string; readonly seen: string; readonly sentence: string };
};

describe("a probe from where clients are", () => {
  let lab: Lab;
  let gateway: LabGateway;
  let ftpServer: Running;

  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createLab();
    for (const [place, rules] of [
      ["edge", edgeRules],
      ["server", serverRules],
    ] as const)
      expect((await lab.run(place, ["nft", "-f", "-"], { input: rules })).status).toBe(0);
    const script = `import { startFtpServer } from ${JSON.stringify(path.join(source, "demo/ftp-server.ts"))};
      await startFtpServer({ listen: { address: "${server}", port: 21 }, files: { "a.txt": Buffer.from("abc") } });
      console.log("listening");`;
    ftpServer = lab.start("server", [process.execPath, "--input-type=module", "-e", script]);
    await ftpServer.line(/listening/);
    gateway = await startGateway(
      lab,
      [
        base(2100),
        base(2101, { clientSide: { dataPorts: "20100-20109" } }),
        base(2102, { serverSide: { mode: "active", dataPorts: "30200-30209" } }),
        base(2103, { clientSide: { advertise: "203.0.113.99" } }),
        base(2104, { route: { server: `${server}:2199` } }),
        base(2105, { policy: { readOnly: true } }),
      ],
      { admin: { listen: admin, open: true } },
    );
  }, 60_000);
  afterAll(async () => {
    if (obstacle !== undefined) return;
    ftpServer?.kill();
    await gateway?.stop();
    await lab?.remove();
  }, 30_000);

  async function probe(port: number, ...argv: string[]) {
    const flags = ["--connect", `${edge}:${port}`, "--admin", admin, "--timeout", "4", "--json", ...argv];
    const done = await lab.run("client", [process.execPath, path.join(source, "main.ts"), "probe", ...flags], {
      timeoutMs: 60_000,
    });
    const { gateways } = JSON.parse(done.stdout.toString()) as { gateways: { modes: Mode[] }[] };
    return { status: done.status, modes: gateways[0]?.modes ?? [] };
  }

  const states = ({ hops }: Mode): string[] => hops.map(({ hop, state }) => `${hop} ${state}`);

  test("through a gateway in order each mode works, up and down", async () => {
    const { status, modes } = await probe(2100, "--write", ".");
    expect(modes.map(({ mode, ok, failure }) => [mode, ok, failure])).toEqual(
      ["PASV", "EPSV", "PORT", "EPRT"].map((mode) => [mode, true, undefined]),
    );
    expect(status).toBe(0);
    expect(modes.flatMap(states).filter((state) => !state.endsWith(" ok"))).toEqual([]);
    expect(modes[0]?.steps.at(-1)?.name).toBe("delete");
  }, 60_000);

  test.each([
    [
      "data ports that the firewall drops",
      2101,
      "pasv",
      "client-data-in",
      "nobody-came",
      /^no connection to 192\.168\.1\.1:201\d\d .* within 4 s$/,
      /^Nobody connected to 192\.168\.1\.1:201/,
    ],
    [
      "a server that never connects",
      2102,
      "port",
      "server-data-in",
      "nobody-came",
      /^LIST was answered 4\d\d /,
      /^Nobody connected to 10\.0\.0\.1:302/,
    ],
    [
      "a wrong advertised address",
      2103,
      "pasv",
      "client-data-in",
      "nobody-came",
      /^no connection to 203\.0\.113\.99:/,
      /^Nobody connected to 203\.0\.113\.99:/,
    ],
    [
      "a server that is down",
      2104,
      "passive",
      "server-control",
      "refused",
      /^the greeting is 421 /,
      /^The server refused/,
    ],
  ] as const)(
    "%s: the hop and the cause, seen and found",
    async (_, port, mode, hop, cause, seen, found) => {
      const { status, modes } = await probe(port, "--mode", mode);
      expect(status).toBe(1);
      expect(modes).toMatchObject([
        {
          ok: false,
          failure: { hop, cause, seen: expect.stringMatching(seen), sentence: expect.stringMatching(found) },
        },
      ]);
      expect(modes.flatMap(states)).toContain(`${hop} failed`);
    },
    60_000,
  );

  test("the same gateway with a wrong advertised address works where no address is announced", async () => {
    expect(await probe(2103, "--mode", "epsv")).toMatchObject({ status: 0, modes: [{ ok: true }] });
  }, 60_000);

  test("uploads that are forbidden are no failure", async () => {
    const { status, modes } = await probe(2105, "--mode", "passive", "--write", ".");
    expect(status).toBe(0);
    expect(modes[0]?.steps.at(-1)).toMatchObject({ name: "upload", outcome: "forbidden" });
  }, 60_000);
});
