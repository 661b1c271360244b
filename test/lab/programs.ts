// The real software that a lab runs: taken from the machine where it is installed, otherwise unpacked from Debian packages
// into a cache under node_modules. Nothing is installed into the system and no daemon is enabled, so that packages that
// exclude each other (the FTP servers do) stand side by side.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { output, run } from "./process.ts";

type Source = {
  /** File name of the program, or a path below /usr of what is loaded by another one. */
  readonly binary: string;
  readonly package: string;
  /** Packages of one group are unpacked together; packages that conflict need different groups. */
  readonly group: string;
};

const client = (binary: string, debianPackage = binary): Source => ({
  binary,
  package: debianPackage,
  group: "clients",
});
const server = (binary: string, debianPackage: string): Source => ({
  binary,
  package: debianPackage,
  group: debianPackage,
});

const catalog = {
  nft: { binary: "nft", package: "nftables", group: "nftables" },
  conntrack: { binary: "conntrack", package: "conntrack", group: "conntrack" },
  keepalived: { binary: "keepalived", package: "keepalived", group: "keepalived" },
  conntrackd: { binary: "conntrackd", package: "conntrackd", group: "conntrackd" },
  prometheus: { binary: "prometheus", package: "prometheus", group: "prometheus" },
  promtool: { binary: "promtool", package: "prometheus", group: "prometheus" },
  logrotate: { binary: "logrotate", package: "logrotate", group: "logrotate" },
  kubectl: { binary: "kubectl", package: "kubernetes-client", group: "kubernetes-client" },
  mandoc: { binary: "mandoc", package: "mandoc", group: "mandoc" },
  webalizer: { binary: "webalizer", package: "webalizer", group: "webalizer" },
  "iptables-restore": { binary: "iptables-nft-restore", package: "iptables", group: "iptables" },
  python3: { binary: "python3", package: "python3", group: "python3" },
  chromium: { binary: "lib/chromium/chromium", package: "chromium", group: "chromium" },
  curl: client("curl"),
  lftp: client("lftp"),
  "inetutils ftp": client("inetutils-ftp"),
  tnftp: client("tnftp"),
  ncftp: client("ncftp3", "ncftp"),
  wget: client("wget"),
  aria2: client("aria2c", "aria2"),
  rclone: client("rclone"),
  perl: { binary: "perl", package: "perl", group: "perl" },
  busybox: client("busybox"),
  axel: client("axel"),
  wput: client("wput"),
  vsftpd: server("vsftpd", "vsftpd"),
  ProFTPD: server("proftpd", "proftpd-core"),
  "Pure-FTPd": server("pure-ftpd", "pure-ftpd"),
  "inetutils ftpd": server("ftpd", "inetutils-ftpd"),
  HAProxy: server("haproxy", "haproxy"),
  Redis: server("redis-server", "redis-server"),
  Squid: server("squid", "squid"),
  "ProFTPD mod_proxy": server("lib/proftpd/mod_proxy.so", "proftpd-mod-proxy"),
  "ProFTPD mod_tls": { binary: "lib/proftpd/mod_tls.so", package: "proftpd-mod-crypto", group: "proftpd-mod-proxy" },
  "ftp-proxy": server("ftp-proxy", "ftp-proxy"),
  pyftpdlib: { binary: "lib/python3/dist-packages/pyftpdlib", package: "python3-pyftpdlib", group: "python" },
  pyOpenSSL: { binary: "lib/python3/dist-packages/OpenSSL", package: "python3-openssl", group: "python3-openssl" },
  sslscan: { binary: "sslscan", package: "sslscan", group: "sslscan" },
  testssl: { binary: "testssl", package: "testssl.sh", group: "testssl.sh" },
  "gnutls-cli": { binary: "gnutls-cli", package: "gnutls-bin", group: "gnutls-bin" },
  openssl: { binary: "openssl", package: "openssl", group: "openssl" },
  stunnel: { binary: "stunnel4", package: "stunnel4", group: "stunnel4" },
  filezilla: { binary: "filezilla", package: "filezilla", group: "filezilla" },
  Xvfb: { binary: "Xvfb", package: "xvfb", group: "filezilla" },
  xdotool: { binary: "xdotool", package: "xdotool", group: "filezilla" },
  java: { binary: "java", package: "default-jdk-headless", group: "default-jdk-headless" },
  "commons-net": { binary: "share/java/commons-net.jar", package: "libcommons-net-java", group: "libcommons-net-java" },
  aioftp: { binary: "lib/python3/dist-packages/aioftp", package: "python3-aioftp", group: "python" },
} as const satisfies Record<string, Source>;

export type ProgramName = keyof typeof catalog;
export const programNames = Object.keys(catalog) as ProgramName[];

export type Program = {
  readonly name: ProgramName;
  readonly path: string;
  /** Upstream version, without epoch and Debian revision; empty where the machine does not know it. */
  readonly version: string;
  /** What its process needs to find its own libraries. */
  readonly env: Record<string, string>;
  /** Folder that holds its `usr`. */
  readonly root: string;
};

/** Why a program is not to be had on this machine. */
export class MissingProgram extends Error {
  override name = "MissingProgram";
}

const folders = ["usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin"];

function locate(root: string, binary: string): string | undefined {
  const candidates = binary.includes("/") ? [`usr/${binary}`] : folders.map((folder) => `${folder}/${binary}`);
  return candidates.map((candidate) => path.join(root, candidate)).find((candidate) => existsSync(candidate));
}

/** Upstream's part of a Debian version: without epoch, revision and repackaging marks. */
const upstream = (version: string): string =>
  version
    .replace(/^\d+:/, "")
    .replace(/-[^-]*$/, "")
    .replace(/^.*\+really/, "")
    .replace(/\+.*$/, "");

async function installed(name: ProgramName): Promise<Program | undefined> {
  const source = catalog[name];
  const found = locate("/", source.binary);
  if (found === undefined) return undefined;
  const query = await run(["dpkg-query", "-W", "-f", "${Version}", source.package]).catch(() => undefined);
  const version = query?.status === 0 ? upstream(query.stdout.toString()) : "";
  return { name, path: found, version, env: {}, root: "/" };
}

const cacheFolder = path.resolve(import.meta.dirname, "../../node_modules/.cache/ftp-alg-lab");

async function libraryFolders(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const base of ["usr/lib", "lib"]) {
    const folder = path.join(root, base);
    if (!existsSync(folder)) continue;
    const triplets = (await readdir(folder)).filter((entry) => entry.endsWith("-linux-gnu"));
    for (const triplet of triplets) {
      // Some packages keep libraries of their own in a folder beside the others.
      for (const own of ["", "lftp", "pulseaudio"]) found.push(path.join(folder, triplet, own));
    }
    found.push(folder);
  }
  return found;
}

async function unpacked(name: ProgramName, root: string): Promise<Program> {
  const source = catalog[name];
  const found = locate(root, source.binary);
  if (found === undefined) throw new MissingProgram(`package ${source.package} holds no ${source.binary}`);
  const versions = JSON.parse(await readFile(path.join(root, "versions.json"), "utf8")) as Record<string, string>;
  const env: Record<string, string> = {
    LD_LIBRARY_PATH: (await libraryFolders(root)).join(":"),
    PYTHONPATH: path.join(root, "usr/lib/python3/dist-packages"),
  };
  if (name === "python3") env["PYTHONHOME"] = path.join(root, "usr");
  return { name, path: found, version: upstream(versions[source.package] ?? ""), env, root };
}

const apt = ["-qq", "-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1"];

/** Which packages `apt-get install` would add to this machine; nothing is installed. */
async function wanted(packages: readonly string[]): Promise<string[]> {
  const plan = ["apt-get", ...apt, "-s", "--no-upgrade", "--no-install-recommends", "install", ...packages];
  const text = await output(plan, { timeoutMs: 120_000 });
  return [...text.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? "");
}

let refreshed: Promise<unknown> | undefined;

/** Once more with fresh lists of packages: a new machine has none, and old ones name files that are gone. */
async function withFreshLists<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch {
    refreshed ??= output(["apt-get", "-qq", "update"], { timeoutMs: 300_000 });
    await refreshed;
    return attempt();
  }
}

async function download(packages: readonly string[], into: string): Promise<void> {
  const names = await wanted(packages);
  await output(["apt-get", ...apt, "download", ...names], { cwd: into, timeoutMs: 300_000 });
}

async function unpackGroup(group: string, packages: readonly string[], home: string): Promise<string> {
  const root = path.join(home, group);
  if (existsSync(root)) return root;
  await mkdir(home, { recursive: true });
  // Complete or not there at all, also when two runs unpack at once.
  const work = await mkdtemp(path.join(home, "unpacking-"));
  try {
    await withFreshLists(() => download(packages, work));
    const versions: Record<string, string> = {};
    for (const file of (await readdir(work)).filter((entry) => entry.endsWith(".deb"))) {
      const deb = path.join(work, file);
      await output(["dpkg-deb", "-x", deb, path.join(work, "root")]);
      const fields = (await output(["dpkg-deb", "-f", deb, "Package", "Version"])).trim();
      versions[/^Package: (.*)$/m.exec(fields)?.[1] ?? ""] = /^Version: (.*)$/m.exec(fields)?.[1] ?? "";
    }
    await writeFile(path.join(work, "root/versions.json"), JSON.stringify(versions));
    await rename(path.join(work, "root"), root).catch((error: unknown) => {
      if (!existsSync(root)) throw error;
    });
    return root;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function release(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(text)?.[1] ?? "unknown";
  return `${codename}-${process.arch}`;
}

const fetches = new Map<string, Promise<string>>();

function fetchOnce(group: string, packages: readonly string[]): Promise<string> {
  const known = fetches.get(group);
  if (known !== undefined) return known;
  const fetching = release().then((codename) => unpackGroup(group, packages, path.join(cacheFolder, codename)));
  fetches.set(group, fetching);
  return fetching;
}

async function fetchProgram(name: ProgramName): Promise<Program> {
  const source = catalog[name];
  const members = programNames.filter((other) => catalog[other].group === source.group);
  const absent = members.filter((other) => locate("/", catalog[other].binary) === undefined);
  const packages = [...new Set(absent.map((other) => catalog[other].package))];
  try {
    return await unpacked(name, await fetchOnce(source.group, packages));
  } catch {
    // One package that this release does not have must not take its whole group with it.
    return unpacked(name, await fetchOnce(`only-${source.package}`, [source.package]));
  }
}

/** Finds a program or fetches it; rejects with MissingProgram and the reason where neither is possible. */
export async function program(name: ProgramName): Promise<Program> {
  try {
    return (await installed(name)) ?? (await fetchProgram(name));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const source = catalog[name].package;
    throw new MissingProgram(`${name} is not installed and package ${source} can't be fetched: ${reason ?? ""}`);
  }
}

/** "vsftpd 3.0.3", for the titles of tests. */
export const titled = ({ name, version }: Program): string => `${name} ${version}`.trim();
