// TLS by policy, on real connections: to one network it is refused, and FEAT agrees; one user must have it.
import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startFtpServer } from "../../../src/demo/ftp-server.ts";
import type { Policy } from "../../../src/session/options.ts";
import { startGateway } from "../start-gateway.ts";
import { authenticated, spoken, terminating } from "./terminating.ts";

const own: Policy = {
  ...{ foreignAddress: { kind: "use-peer" }, minDataPort: 1024, commands: { deny: [] } },
  ...{ readOnly: false, anonymousOnly: false, pinholesBeforeLogin: false, tellInnerAddresses: false },
};

test("to one network TLS is refused and FEAT does not tell of it, one user must have it, and others may", async () => {
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files: {} });
  onTestFinished(() => server.stop());
  const gateway = await startGateway(server.endpoint.port, {
    tls: terminating(),
    policies: [
      { clients: [{ base: "127.0.0.2", bits: 32 }], policy: { ...own, tls: "refuse" } },
      { users: ["partner"], policy: { ...own, tls: "data" } },
    ],
  });
  onTestFinished(() => gateway.stop());
  const clear = async (localAddress: string) => {
    const socket = connect({ port: gateway.port, host: "127.0.0.1", localAddress });
    onTestFinished(() => void socket.destroy());
    const client = await spoken(socket);
    await client.reply();
    return client;
  };
  const old = await clear("127.0.0.2");
  expect(await old.say("FEAT")).not.toMatch(/AUTH|PBSZ|PROT/);
  expect(await old.say("AUTH TLS")).toMatch(/^502 /);
  const other = await clear("127.0.0.1");
  expect(await other.say("FEAT")).toMatch(/^ AUTH TLS\r\n PBSZ\r\n PROT/m);
  expect(await other.say("USER partner")).toMatch(/^530 .*AUTH TLS/);
  expect(await other.say("USER anna")).toMatch(/^331 /);
  other.socket.destroy();
  const partner = await authenticated(gateway.port);
  onTestFinished(() => void partner.socket.destroy());
  for (const line of ["USER partner", "PASS secret"]) await partner.say(line);
  expect(await partner.say("EPSV")).toMatch(/^521 .*PROT P/);
  for (const line of ["PBSZ 0", "PROT P"]) expect(await partner.say(line)).toMatch(/^200 /);
  expect(await partner.say("EPSV")).toMatch(/^229 /);
  old.socket.destroy();
  await once(old.socket, "close");
});
