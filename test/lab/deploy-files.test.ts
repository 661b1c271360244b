// What stands in deploy/ for other programs is given to those programs: systemd, nft, iptables, logrotate, a browser of XML and the image's
// own health check.
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { spawnGateway } from "../gateway/spawned-gateway.ts";
import { obstacleTo, programObstacle, requireNone } from "./availability.ts";
import { deployFolder } from "./monitored-gateway.ts";
import { run, type Finished } from "./process.ts";
import { program, type ProgramName } from "./programs.ts";

// A program may have to be fetched first.
vi.setConfig({ testTimeout: 120_000 });

const read = (file: string): Promise<string> => readFile(path.join(deployFolder, file), "utf8");
const said = ({ stdout, stderr }: Finished): string => `${stdout.toString()}${stderr.toString()}`.trim();

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-deploy-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe("systemd", () => {
  const analyze = "/usr/bin/systemd-analyze";
  beforeEach((context) => requireNone(existsSync(analyze) ? undefined : `there is no ${analyze}`, context));

  /** The unit, with a program that is there, and the drop-ins named. */
  async function unitFolder(dropIns: readonly string[] = []): Promise<string> {
    const folder = await temporaryFolder();
    const unit = (await read("systemd/ftp-alg.service")).replaceAll("=ftp-alg ", "=/bin/true ");
    await writeFile(path.join(folder, "ftp-alg.service"), unit);
    await writeFile(path.join(folder, "ftp-alg.socket"), await read("systemd/ftp-alg.socket"));
    await mkdir(path.join(folder, "ftp-alg.service.d"));
    for (const name of dropIns) {
      await writeFile(path.join(folder, "ftp-alg.service.d", name), await read(`systemd/ftp-alg.service.d/${name}`));
    }
    return folder;
  }

  test("is content with the units, alone and with every drop-in", async () => {
    const dropIns = await readdir(path.join(deployFolder, "systemd/ftp-alg.service.d"));
    expect(dropIns).toContain("kernel.conf");
    for (const chosen of [[], dropIns]) {
      const folder = await unitFolder(chosen);
      for (const unit of ["ftp-alg.service", "ftp-alg.socket"]) {
        const env = { SYSTEMD_UNIT_PATH: `${folder}:` };
        const finished = await run([analyze, "verify", path.join(folder, unit)], { env });
        // What is said of other units of the machine is not ours.
        const about = said(finished)
          .split("\n")
          .filter((line) => line.includes("ftp-alg"));
        expect(about).toEqual([]);
      }
    }
  });

  test("counts the unit among those that are little exposed", async () => {
    const folder = await unitFolder();
    const unit = path.join(folder, "ftp-alg.service");
    const finished = await run([analyze, "security", "--offline=true", "--threshold=25", "--no-pager", unit]);
    expect(finished.status, said(finished)).toBe(0);
  });

  test("reloads by the unit only what check has passed", async () => {
    const unit = await read("systemd/ftp-alg.service");
    const reloads = [...unit.matchAll(/^ExecReload=(.*)$/gm)].map(([, command]) => command);
    const [, config = ""] = /^ExecStart=ftp-alg run --config (\S+)$/m.exec(unit) ?? [];
    expect(config).not.toBe("");
    expect(reloads).toEqual([`ftp-alg check --config ${config}`, "kill -HUP $MAINPID"]);
  });
});

/** `21`, `50000-50999`: from and to. */
const range = (text: string): string => text.replace(":", "-");

describe("the example firewalls", () => {
  async function ports(): Promise<{ client: string; server: string }> {
    type Shown = { gateways: { clientSide: { dataPorts: string }; serverSide?: { dataPorts: string } }[] };
    const fixed = parse(await read("config/fixed.yml")) as Shown;
    const full = parse(await read("config/full.yml")) as Shown;
    return {
      client: fixed.gateways[0]?.clientSide.dataPorts ?? "",
      server: full.gateways[0]?.serverSide?.dataPorts ?? "",
    };
  }

  /** In a network namespace of its own: nothing is loaded anyway. */
  async function checked(name: ProgramName, args: readonly string[], input = ""): Promise<Finished> {
    const { path: binary, env, root } = await program(name);
    const libraries = { ...env, XTABLES_LIBDIR: path.join(root, "usr/lib/x86_64-linux-gnu/xtables") };
    return run(["unshare", "--net", binary, ...args], { env: root === "/" ? env : libraries, input });
  }

  test("nft takes its rules", async (context) => {
    requireNone(await obstacleTo("nft"), context);
    const finished = await checked("nft", ["--check", "--file", path.join(deployFolder, "firewall/nftables.nft")]);
    expect(finished.status, said(finished)).toBe(0);
  });

  test("iptables takes its rules", async (context) => {
    requireNone(await obstacleTo("iptables-restore"), context);
    const rules = await read("firewall/iptables.rules");
    const finished = await checked("iptables-restore", ["--test"], rules);
    expect(finished.status, said(finished)).toBe(0);
    const broken = await checked("iptables-restore", ["--test"], rules.replace("--dport 21", "--dport FTP"));
    expect(broken.status).not.toBe(0);
  });

  test("all of them open the ports of the example configurations, and nothing else to everybody", async () => {
    const { client, server } = await ports();
    expect(client).toBe("50000-50999");
    const nft = await read("firewall/nftables.nft");
    expect(nft).toContain(`define client_data_ports = ${client}\n`);
    expect(nft).toContain(`define server_data_ports = ${server}\n`);
    const iptables = await read("firewall/iptables.rules");
    const open = [...iptables.matchAll(/^-A INPUT (.*?)-p tcp --dport (\S+) -j ACCEPT$/gm)];
    expect(open.map(([, from = "", port = ""]) => `${from.trim()} ${range(port)}`.trim())).toEqual([
      ...["22", "21", client, `-s 10.0.0.5/32 ${server}`, "-s 10.0.0.9/32 9121"],
    ]);
    const firewalld = await read("firewall/firewalld/ftp-alg.xml");
    expect([...firewalld.matchAll(/<port protocol="tcp" port="(.*?)"\/>/g)].map(([, port]) => port)).toEqual([
      "21",
      client,
    ]);
    expect(await read("firewall/ufw/ftp-alg")).toContain(`\nports=21,${client.replace("-", ":")}/tcp\n`);
  });

  test("those for firewalld and ufw can be read, and have what those programs want", async (context) => {
    requireNone(await programObstacle("python3"), context);
    const { path: python, env } = await program("python3");
    const script = `
import configparser, sys, xml.etree.ElementTree as tree
service = tree.parse(sys.argv[1]).getroot()
assert service.tag == "service" and service.find("short").text and service.find("description").text
assert {child.tag for child in service} <= {"short", "description", "port"}
profiles = configparser.ConfigParser(interpolation=None)
profiles.read(sys.argv[2])
assert {key for key in profiles["ftp-alg"]} == {"title", "description", "ports"}
`;
    const files = ["firewall/firewalld/ftp-alg.xml", "firewall/ufw/ftp-alg"].map((file) =>
      path.join(deployFolder, file),
    );
    const finished = await run([python, "-c", script, ...files], { env });
    expect(finished.status, said(finished)).toBe(0);
  });
});

test("logrotate turns the files of the log over, and the gateway writes on in new ones", async (context) => {
  requireNone(await programObstacle("logrotate"), context);
  const { path: binary, env } = await program("logrotate");
  const folder = await temporaryFolder();
  const [log, transfers] = [path.join(folder, "ftp-alg.log"), path.join(folder, "xferlog")];
  const gateway = spawnGateway(
    [{ name: "one", listen: ["127.0.0.1:0"], route: { server: "127.0.0.1:9" }, dataPlane: "relay" }],
    { rest: { log: { file: log, transfers: { file: transfers, format: "xferlog" } } } },
  );
  await vi.waitFor(async () => expect(await readFile(log, "utf8")).toContain('"listening"'), { timeout: 10_000 });
  await appendFile(transfers, "before\n");
  const config = path.join(folder, "logrotate.conf");
  const text = (await read("logrotate/ftp-alg"))
    .replace("/var/log/ftp-alg/", `${folder}/`)
    .replace("systemctl kill --kill-who=main --signal=SIGUSR1 ftp-alg.service", `kill -USR1 ${gateway.pid}`);
  await writeFile(config, text, { mode: 0o644 });
  const finished = await run([binary, "--force", "--state", path.join(folder, "state"), config], { env });
  expect(finished.status, said(finished)).toBe(0);
  await vi.waitFor(async () => expect(await readFile(log, "utf8")).toContain('"log file opened anew"'));
  expect(await readFile(`${log}.1`, "utf8")).toContain('"listening"');
  expect(await readFile(`${transfers}.1`, "utf8")).toBe("before\n");
  await vi.waitFor(async () => expect(await readFile(transfers, "utf8")).toBe(""));
  gateway.signal("SIGTERM");
  await gateway.ended;
  expect(await readFile(log, "utf8")).toContain('"stopped"');
  expect(await readFile(`${log}.1`, "utf8")).not.toContain('"stopped"');
});

test("kubectl renders the Kustomize base, with the configuration under the name that the pods mount", async (context) => {
  requireNone(await programObstacle("kubectl"), context);
  const { path: binary, env } = await program("kubectl");
  const finished = await run([binary, "kustomize", path.join(deployFolder, "kubernetes")], { env });
  expect(finished.status, said(finished)).toBe(0);
  type Rendered = { kind: string; metadata: { name: string; namespace: string }; spec: unknown; data?: object };
  const rendered = parseAllDocuments(finished.stdout.toString()).map((document) => document.toJS() as Rendered);
  const [map] = rendered.filter(({ kind }) => kind === "ConfigMap");
  expect(map?.data).toEqual({ "config.yml": await read("kubernetes/config.yml") });
  const [set] = rendered.filter(({ kind }) => kind === "StatefulSet");
  const volumes = [{ name: "config", configMap: { name: map?.metadata.name } }];
  expect(map?.metadata.name).toMatch(/^ftp-alg-\w+$/);
  expect(set?.spec).toMatchObject({ template: { spec: { volumes } } });
  expect(rendered).toHaveLength(9);
  expect(new Set(rendered.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["ftp"]));
});

describe("the image", () => {
  test("is built in two stages from a base that the builder may pin, and runs as a user without rights", async () => {
    const lines = (await read("container/Dockerfile")).split("\n");
    const bases = lines.filter((line) => line.startsWith("FROM "));
    expect(bases).toEqual(["FROM ${NODE_IMAGE} AS build", "FROM ${NODE_IMAGE}"]);
    expect(lines.indexOf("USER node")).toBeGreaterThan(lines.lastIndexOf("FROM ${NODE_IMAGE}"));
  });

  test("has a health check that tells a gateway that answers from none", async () => {
    const dockerfile = await read("container/Dockerfile");
    const [, command = "[]"] = /^HEALTHCHECK .*?CMD (\[.*\])$/m.exec(dockerfile) ?? [];
    const [node, ...args] = JSON.parse(command) as string[];
    expect(node).toBe("node");
    const gateway = spawnGateway(
      [{ name: "one", listen: ["127.0.0.1:0"], route: { server: "127.0.0.1:9" }, dataPlane: "relay" }],
      { rest: { admin: { listen: "127.0.0.1:0" } } },
    );
    const endpoint = String((await gateway.logged("admin listening"))["endpoint"]);
    const asked = (where: string) =>
      run([process.execPath, ...args.map((argument) => argument.replace("127.0.0.1:9121", where))]);
    expect((await asked(endpoint)).status).toBe(0);
    gateway.signal("SIGKILL");
    await gateway.ended;
    expect((await asked(endpoint)).status).toBe(1);
  });
});
