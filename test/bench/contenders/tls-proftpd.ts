import type { Candidate, TlsServerName } from "../contender.ts";
import { cipher, edgeAddress, serverAddress, serverPorts, type Stage } from "../stage.ts";
import { openProftpd } from "./proftpd.ts";

const ports: Readonly<Record<TlsServerName, number>> = { tls: 2701, "tls-both": 2711 };

const secured = ({ cert, key }: Stage["certificate"], folder: string): string => `
TLSEngine on
TLSProtocol TLSv1.2 TLSv1.3
TLSCipherSuite TLSv1.3 ${cipher}
TLSECCertificateFile ${cert}
TLSECCertificateKeyFile ${key}
TLSOptions NoSessionReuseRequired
TLSRequired on
TLSLog ${folder}/tls.log
`;

const behind = (host: string): string => `
WtmpLog off
TransferLog none
AuthPAM off
AllowOverwrite on
ProxyEngine on
ProxyRole reverse
ProxyReverseServers ${host}
`;

const configuration = (certificate: Stage["certificate"], folder: string): string => `
DefaultAddress ${edgeAddress}
Port ${ports.tls}
${secured(certificate, folder)}${behind(`ftp://${serverAddress}:${serverPorts.plain}`)}
ProxyTLSEngine off
<VirtualHost ${edgeAddress}>
Port ${ports["tls-both"]}
${secured(certificate, folder)}${behind(`ftp://${serverAddress}:${serverPorts.asked}`)}
ProxyTLSEngine on
ProxyTLSVerifyServer off
ProxyTLSCipherSuite TLSv1.3 ${cipher}
</VirtualHost>
`;

/** ProFTPD with mod_tls towards clients and mod_proxy as reverse proxy. With both, TLS does not begin with the first byte (1.3.8). */
export const tlsProftpd: Candidate = {
  name: "proftpd tls",
  kind: "peer",
  open(stage) {
    const entrance = (server: TlsServerName) =>
      ({ host: edgeAddress, port: ports[server], user: "ftp", modes: ["passive"], security: "auth" }) as const;
    const entrances = { tls: entrance("tls"), "tls-both": entrance("tls-both") };
    return openProftpd(stage, "proftpd-tls", (folder) => configuration(stage.certificate, folder), entrances);
  },
};
