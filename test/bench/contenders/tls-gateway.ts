// Our own gateway where it terminates TLS: towards clients, and towards servers as well.
import type { Candidate, Entrance, TlsServerName } from "../contender.ts";
import { edgeAddress, serverAddress, serverPorts, type Stage } from "../stage.ts";
import { type Build, complaints, startOurs } from "./gateway.ts";

const firstPort: Readonly<Record<TlsServerName, number>> = { tls: 2401, "tls-both": 2411 };
const dataPorts: Readonly<Record<TlsServerName, { readonly client: string; readonly server: string }>> = {
  tls: { client: "3000-7499", server: "7500-11999" },
  "tls-both": { client: "12000-16499", server: "16500-20999" },
};

function configuration({ certificate: { cert, key } }: Stage, build: Build): string {
  const gateway = (server: TlsServerName, serverPort: number, serverTls: string): string => `
  - name: ${server}
    listen: [{ endpoint: "${edgeAddress}:${firstPort[server] + build.offset}", tls: implicit }]
    route: { server: "${serverAddress}:${serverPort}" }
    policy: { tls: terminate }
    clientSide: { dataPorts: ${dataPorts[server].client}, tls: { certificates: [{ cert: "${cert}", key: "${key}" }] } }
    serverSide: { dataPorts: ${dataPorts[server].server}${serverTls} }
    dataPlane: relay
    limits: ${build.limits}`;
  const tlsToServer = `, tls: { mode: required, implicit: true, ca: "${cert}" }`;
  return `gateways: ${gateway("tls", serverPorts.plain, "")}${gateway("tls-both", serverPorts.secure, tlsToServer)}
`;
}

export const ourTlsGateway = (build: Build, profiles: string | undefined): Candidate => ({
  name: `tls${build.suffix}`,
  kind: "ours",
  async open(stage) {
    const { log, ...started } = await startOurs(stage, build, "tls", configuration(stage, build), profiles);
    const entrance = (server: TlsServerName): Entrance => ({
      host: edgeAddress,
      port: firstPort[server] + build.offset,
      user: "ftp",
      modes: ["passive"],
      security: "tls",
    });
    return {
      title: `**ftp-alg${build.suffix}**`,
      entrances: { tls: entrance("tls"), "tls-both": entrance("tls-both") },
      ...started,
      log: () => complaints(log),
    };
  },
});
