import type { Candidate } from "../contender.ts";
import type { Options, Peer } from "../options.ts";
import { direct } from "./direct.ts";
import { ftpProxy } from "./ftp-proxy.ts";
import { otherBuild, ourBuild, ourGateway } from "./gateway.ts";
import { haproxy } from "./haproxy.ts";
import { nfNatFtp } from "./nf-nat-ftp.ts";
import { proftpd } from "./proftpd.ts";
import { squid } from "./squid.ts";

const byPeer: Readonly<Record<Peer, Candidate>> = {
  nf_nat_ftp: nfNatFtp,
  haproxy,
  proftpd,
  squid,
  "ftp-proxy": ftpProxy,
};

/** Going direct first, which everything is compared with. */
export const candidates = ({ planes, peers, against, cpuProfile }: Options): Candidate[] => [
  direct,
  ...planes.flatMap((plane) => [
    ourGateway(ourBuild, plane, cpuProfile),
    ...(against === undefined ? [] : [ourGateway(otherBuild(against), plane, cpuProfile)]),
  ]),
  ...peers.map((peer) => byPeer[peer]),
];
