import { expect, test } from "vitest";
import { createMarks } from "../../../../src/dataplane/kernel/marks.ts";
import { formatRemoval, formatRuleset } from "../../../../src/dataplane/kernel/nftables/ruleset.ts";

test("the table as a whole", () => {
  expect(formatRuleset({ table: "ftp_alg", marks: createMarks(), pinholes: 65_536 })).toMatchInlineSnapshot(`
    "table inet ftp_alg
    delete table inet ftp_alg
    table inet ftp_alg {
      # The expected peer . our address . our port
      map gate4 { type ipv4_addr . ipv4_addr . inet_service : mark; flags timeout; size 65536; limit rate 1/day burst 1 packets; }
      map dnat4 { type ipv4_addr . ipv4_addr . inet_service : ipv4_addr . inet_service; flags timeout; size 65536; }
      map snat4 { type ipv4_addr . ipv4_addr . inet_service : ipv4_addr; flags timeout; size 65536; }
      map gate6 { type ipv6_addr . ipv6_addr . inet_service : mark; flags timeout; size 65536; limit rate 1/day burst 1 packets; }
      map dnat6 { type ipv6_addr . ipv6_addr . inet_service : ipv6_addr . inet_service; flags timeout; size 65536; }
      map snat6 { type ipv6_addr . ipv6_addr . inet_service : ipv6_addr; flags timeout; size 65536; }
      # Who came to a port of this machine at which nobody listens . where to
      set refused4 { type ipv4_addr . inet_service . ipv4_addr . inet_service; flags dynamic,timeout; timeout 60s; size 1024; }
      set refused6 { type ipv6_addr . inet_service . ipv6_addr . inet_service; flags dynamic,timeout; timeout 60s; size 1024; }
      chain prerouting {
        type nat hook prerouting priority dstnat - 10; policy accept;
        tcp flags & (fin | syn | rst | ack) == syn ct mark set ip saddr . ip daddr . tcp dport map @gate4 dnat ip to ip saddr . ip daddr . tcp dport map @dnat4
        tcp flags & (fin | syn | rst | ack) == syn ct mark set ip6 saddr . ip6 daddr . tcp dport map @gate6 dnat ip6 to ip6 saddr . ip6 daddr . tcp dport map @dnat6
      }
      chain postrouting {
        type nat hook postrouting priority srcnat - 10; policy accept;
        ct mark & 0xff000000 == 0x46000000 meta l4proto tcp snat ip to ct original ip saddr . ct original ip daddr . ct original proto-dst map @snat4
        ct mark & 0xff000000 == 0x46000000 meta l4proto tcp snat ip6 to ct original ip6 saddr . ct original ip6 daddr . ct original proto-dst map @snat6
      }
      chain aborted {
        # A transfer that was aborted. Here its packets have not yet met a socket of the gateway's that bears a peer's address
        type filter hook prerouting priority mangle - 10; policy accept;
        ct mark & 0xff200000 == 0x46200000 reject with tcp reset
      }
      chain forward {
        type filter hook forward priority filter - 10; policy accept;
        ct mark & 0xff000000 != 0x46000000 accept
        # Which peer has reset the connection
        tcp flags & rst == rst ct direction original ct mark set ct mark | 0x00800000
        tcp flags & rst == rst ct direction reply ct mark set ct mark | 0x00400000
        counter accept
      }
      chain output {
        # The gateway's own packets to the peers of an aborted transfer belong to no connection of this machine
        type filter hook output priority raw; policy accept;
        meta mark & 0xff200000 == 0x46200000 notrack
        # An answer to a SYN
        tcp flags & (syn | rst | ack) == (rst | ack) tcp sequence 0 add @refused4 { ip daddr . tcp dport . ip saddr . tcp sport }
        tcp flags & (syn | rst | ack) == (rst | ack) tcp sequence 0 add @refused6 { ip6 daddr . tcp dport . ip6 saddr . tcp sport }
      }
    }
    "
  `);
});

test("name, mark and size are the administrator's", () => {
  const text = formatRuleset({ table: "mine", marks: createMarks(0x0a800000, 0xff800000), pinholes: 10 });
  expect(text).toContain("table inet mine {");
  expect(text).toContain("ct mark & 0xff800000 == 0x0a800000");
  expect(text).toContain("ct mark & 0xff900000 == 0x0a900000 reject with tcp reset");
  expect(text.match(/size 10;/g)).toHaveLength(6);
  expect(text).not.toMatch(/ftp_alg|0x46|65536/);
});

test("it is loaded in place of itself, and taken away by its name", () => {
  const text = formatRuleset({ table: "mine", marks: createMarks(), pinholes: 1 });
  expect(text.split("\n").slice(0, 3)).toEqual(["table inet mine", "delete table inet mine", "table inet mine {"]);
  expect(formatRemoval("mine")).toBe("delete table inet mine\n");
});
