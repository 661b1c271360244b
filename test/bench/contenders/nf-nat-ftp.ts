import type { Candidate } from "../contender.ts";
import { loadRules, secondServerAddress, serverAddress, serverPorts } from "../stage.ts";

/** Masquerading and the helper on one control port only, so that nobody else is touched by it. */
const rules = `
table ip bench_helper {
  ct helper ftp { type "ftp" protocol tcp; l3proto ip; }
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    tcp dport ${serverPorts.helped} ct helper set "ftp"
    ip daddr ${secondServerAddress} tcp dport ${serverPorts.vsftpd} ct helper set "ftp"
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" tcp dport ${serverPorts.helped} masquerade
    oifname "wan" ip daddr ${secondServerAddress} tcp dport ${serverPorts.vsftpd} masquerade
  }
}
`;

/**
 * The kernel's own FTP helper. That it works is seen from active transfers: the server refuses a PORT that was not rewritten
 * to the masqueraded address.
 */
export const nfNatFtp: Candidate = {
  name: "nf_nat_ftp",
  kind: "peer",
  async open({ lab }) {
    // Where both are modules nobody else loads the second one; where they are built in, or modprobe is missing, the rules tell.
    await lab.run("edge", ["modprobe", "-a", "nf_conntrack_ftp", "nf_nat_ftp"]).catch(() => undefined);
    await loadRules(lab, rules);
    return {
      title: "nf_nat_ftp (kernel helper)",
      entrances: {
        light: { host: serverAddress, port: serverPorts.helped, user: "ftp", modes: ["passive", "active"] },
        vsftpd: { host: secondServerAddress, port: serverPorts.vsftpd, user: "ftp", modes: ["passive", "active"] },
      },
      stop: () => loadRules(lab, "delete table ip bench_helper\n"),
    };
  },
};
