// `npm run curl-suite -- FOLDER [TEST…]`: curl's own FTPS tests, with a gateway in front of curl's test server through which TLS
// passes. FOLDER: a source tree of curl that is configured, with tests/server built; its version is that of the curl which is
// tested, the one of this machine. Stunnel is fetched as the programs of the lab are.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { program } from "./programs.ts";

const main = path.resolve(import.meta.dirname, "../../src/main.ts");

/** Starts a gateway where stunnel was to listen, and stunnel behind it. The gateway ends with it. */
const secureServer = `#!/usr/bin/perl
use IO::Socket::INET;
my @args = @ARGV;
my ($at) = grep { $args[$_] eq '--accept' } 0 .. $#args;
my $free = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die;
my ($outer, $inner) = ($args[$at + 1], $free->sockport);
close($free);
$args[$at + 1] = $inner;
my $config = "$ENV{FTP_ALG_SUITE}/gateway-$outer.json";
open(my $file, '>', $config) or die;
print $file qq({"gateways": [{"listen": [{"endpoint": "127.0.0.1:$outer", "tls": "implicit"}],
  "route": {"server": "127.0.0.1:$inner"}, "policy": {"tls": "passthrough"}}]});
close($file);
if (fork() == 0) {
    open(STDOUT, '>>', "$ENV{FTP_ALG_SUITE}/gateway.log");
    open(STDERR, '>&', STDOUT);
    exec('setpriv', '--pdeathsig', 'TERM', $ENV{FTP_ALG_NODE}, $ENV{FTP_ALG_MAIN}, 'run', '--config', $config);
}
for (my $tries = 0; $tries < 200; $tries++) {
    last if IO::Socket::INET->new(PeerAddr => "127.0.0.1:$outer");
    select(undef, undef, undef, 0.05);
}
exec($^X, '-I', $ENV{FTP_ALG_SUITE}, "$ENV{FTP_ALG_TREE}/secureserver.pl", @args);
`;

/** The folder of the tests but for the program that starts stunnel. */
async function shadow(tests: string, into: string): Promise<void> {
  for (const name of await readdir(tests))
    if (name !== "secureserver.pl") await symlink(path.join(tests, name), path.join(into, name));
  await writeFile(path.join(into, "secureserver.pl"), secureServer);
}

const [tree, ...wanted] = process.argv.slice(2);
if (tree === undefined) throw new Error("which folder holds curl's sources?");
const tests = path.resolve(tree, "tests");
const [curl, stunnel] = [await program("curl"), await program("stunnel")];
const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-curl-suite-"));
try {
  await shadow(tests, folder);
  const bin = path.join(folder, "programs");
  await mkdir(bin);
  const wrapper = `#!/bin/sh\nLD_LIBRARY_PATH=${stunnel.env["LD_LIBRARY_PATH"] ?? ""} exec ${stunnel.path} "$@"\n`;
  await writeFile(path.join(bin, "stunnel"), wrapper, { mode: 0o755 });
  const which = wanted.length === 0 ? ["FTPS"] : wanted;
  const suite = spawn(
    "perl",
    ["-I", folder, path.join(folder, "runtests.pl"), "-n", "-c", curl.path, "-vc", curl.path, ...which],
    {
      cwd: tests,
      env: {
        ...process.env,
        ...{ srcdir: folder, USER: process.env["USER"] ?? "root" },
        PATH: `${bin}:${process.env["PATH"] ?? ""}`,
        ...{ FTP_ALG_SUITE: folder, FTP_ALG_TREE: tests, FTP_ALG_NODE: process.execPath, FTP_ALG_MAIN: main },
      },
      stdio: "inherit",
    },
  );
  const [status] = (await once(suite, "exit")) as [number | null];
  process.exitCode = status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
