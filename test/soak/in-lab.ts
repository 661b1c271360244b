// The soak in a lab: clients, gateway and server are three machines there, without which the kernel plane carries nothing.
import path from "node:path";
import { createLab } from "../lab/lab.ts";
import { addresses } from "../lab/topology.ts";
import { prepareGateway } from "./gateway.ts";

const file = (name: string): string => path.join(import.meta.dirname, name);

/** Starts all that the sessions need, and then the soak itself with the same arguments where the clients are. Its exit status. */
export async function soakInLab(dataPlane: string, args: readonly string[]): Promise<number> {
  await using lab = await createLab({ edge: "open" });
  const host = addresses.edgeToClient.IPv4;
  const admin = `${host}:9121`;
  const serverHost = addresses.server.IPv4;
  const server = lab.start("server", [process.execPath, file("server-process.ts"), serverHost, "21"]);
  await server.line(/^listening$/);
  const settings = { listen: `${host}:21`, server: `${serverHost}:21`, admin, dataPlane, sections: {} };
  const { command, told } = await prepareGateway(lab.folder, settings);
  const gateway = lab.start("edge", command);
  const site = { host, port: 21, admin, pid: gateway.pid, told };
  const soak = lab.start("client", [process.execPath, file("main.ts"), ...args, "--site", JSON.stringify(site)]);
  const status = await soak.ended;
  gateway.kill("SIGTERM");
  const code = await gateway.ended;
  process.stdout.write(`${soak.output()}${gateway.output()}the gateway ended with ${String(code)}\n`);
  return status === 0 && code === 0 ? 0 : 1;
}
