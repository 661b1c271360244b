import type { Candidate } from "../contender.ts";
import type { Options, Peer } from "../options.ts";
import { direct } from "./direct.ts";
import { ftpProxy } from "./ftp-proxy.ts";
import { otherBuild, ourBuild, ourGateway, withWorkers } from "./gateway.ts";
import { haproxy } from "./haproxy.ts";
import { nfNatFtp } from "./nf-nat-ftp.ts";
import { proftpd } from "./proftpd.ts";
import { squid } from "./squid.ts";
import { stunnel } from "./stunnel.ts";
import { ourTlsGateway } from "./tls-gateway.ts";
import { tlsHaproxy } from "./tls-haproxy.ts";
import { tlsProftpd } from "./tls-proftpd.ts";

const byPeer: Readonly<Partial<Record<Peer, Candidate>>> = {
  nf_nat_ftp: nfNatFtp,
  haproxy,
  proftpd,
  squid,
  "ftp-proxy": ftpProxy,
};

/** Those that terminate TLS. */
const byTlsPeer: Readonly<Partial<Record<Peer, Candidate>>> = { haproxy: tlsHaproxy, stunnel, proftpd: tlsProftpd };

/** Going direct first, which everything is compared with. Of ours the relay plane alone speaks TLS. */
export function candidates({ sections, planes, peers, workers, against, cpuProfile }: Options): Candidate[] {
  const builds = [
    ourBuild,
    ...(workers === undefined ? [] : [withWorkers(workers)]),
    ...(against === undefined ? [] : [otherBuild(against)]),
  ];
  const inClear = [
    ...planes.flatMap((plane) => builds.map((build) => ourGateway(build, plane, cpuProfile))),
    ...peers.flatMap((peer) => byPeer[peer] ?? []),
  ];
  const underTls = [
    ...(planes.includes("relay")
      ? builds.filter(({ workers: many }) => many === 1).map((build) => ourTlsGateway(build, cpuProfile))
      : []),
    ...peers.flatMap((peer) => byTlsPeer[peer] ?? []),
  ];
  return [
    direct,
    ...(sections.some((section) => section !== "tls") ? inClear : []),
    ...(sections.includes("tls") ? underTls : []),
  ];
}
