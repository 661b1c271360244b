import { spawnSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createOwnAddresses } from "../../src/gateway/own-addresses.ts";

test("every address of an interface is this machine's, loopback too, and others are not", () => {
  const isOwn = createOwnAddresses();
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  for (const { address } of addresses) expect(isOwn(address), address).toBe(true);
  expect(["127.0.0.1", "192.0.2.1", "2001:db8::1", "0.0.0.0", "::"].map(isOwn)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

const canUnshare = spawnSync("unshare", ["-n", "true"]).status === 0;

test.runIf(canUnshare)(
  "so are the addresses of an interface that is down, which connections reach all the same",
  () => {
    const source = fileURLToPath(new URL("../../src/gateway/own-addresses.ts", import.meta.url));
    const script = [
      `import { createOwnAddresses } from ${JSON.stringify(source)};`,
      `const isOwn = createOwnAddresses();`,
      `console.log(JSON.stringify(["10.77.0.1", "10.77.0.2", "fd00:77::1", "198.51.100.9"].map(isOwn)));`,
    ].join("\n");
    const setUp = [
      "ip link add down0 type bridge",
      "ip addr add 10.77.0.1/24 dev down0",
      "ip addr add fd00:77::1/64 dev down0 nodad",
      "ip link set lo up",
      "ip route add local 198.51.100.0/24 dev lo",
      // What TPROXY's marked packets are routed by makes nothing ours.
      "ip route add local 0.0.0.0/0 dev lo table 100",
      `exec "$0" --input-type=module --eval "$1"`,
    ].join(" && ");
    const { stdout, stderr } = spawnSync("unshare", ["-n", "sh", "-c", setUp, process.execPath, script], {
      encoding: "utf8",
    });
    expect(stdout.trim(), stderr).toBe("[true,false,true,true]");
  },
);
