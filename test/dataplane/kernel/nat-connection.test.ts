// What becomes of a connection that the kernel translates, told as a dialogue with the machine that follows it: the course of
// transfers, who ended them, the owner's words.
import { describe, expect, test } from "vitest";
import { activeCarrying, carrying, connecting, joined, opened, play } from "./nat-play.ts";

describe("a transfer's course", () => {
  test("a passive download is delivered and complete with both FINs acknowledged, and its bytes are asked for once", () => {
    play(`${carrying}
  update TIME_WAIT
    report delivered
    find to count complete
  found TIME_WAIT bytes=300/5000
    close complete 300/5000`);
  });

  test("what the opener sends goes up where the client opened, and down where the server did", () => {
    play(`${carrying}
  gone CLOSE answerer-rst bytes=7000/200
    close server-reset 7000/200: connection tracking forgot it`);
    play(
      `${activeCarrying}
  gone CLOSE answerer-rst bytes=7000/200
    close client-reset 200/7000: connection tracking forgot it`,
      "active",
    );
  });

  test("that the last bytes were acknowledged is told by no event: the kernel is asked soon, then less often", () => {
    play(`${carrying}
  update TIME_WAIT answerer-unacked
    look in 1 ms
  look
    find to look
  found TIME_WAIT answerer-unacked bytes=300/5000
    look in 2 ms
  look
    find to look
  found TIME_WAIT answerer-unacked bytes=300/5000
    look in 4 ms
  look
    find to look
  found TIME_WAIT bytes=300/5052
    report delivered
    close complete 300/5052`);
  });

  test("a connection that is seen for the first time when it has ended is admitted, joined and complete", () => {
    play(`${opened}
  new TIME_WAIT assured
    mark used
    wait 5 s
    report admitted client 192.168.1.100:40000
    stop waiting
    unreserve
    report joined
    proceed
  proceed
    watch stall 30 s
    report delivered
    find to count complete
  found TIME_WAIT bytes=300/5000
    close complete 300/5000`);
  });

  test("a server that does not come from port 20 is let in, and it is told which port the client sees", () => {
    play(
      `
  open
    claim for 30 s
  claimed
    wait 20 s
    report opened server 10.0.0.1:50000
  new SYN_SENT from=10.0.0.5:40123 port=40123
    mark used
    wait 5 s
    report admitted server 10.0.0.5:40123
    report other-source-port client wanted 20: the kernel took port 40123: the server came from 40123, or the port was in use`,
      "active",
    );
  });

  test("after the end nothing is reported any more", () => {
    play(`${carrying}
  update CLOSE opener-rst
    find to count client-reset
  found CLOSE opener-rst bytes=1/2
    close client-reset 1/2
  gone CLOSE opener-rst bytes=1/2
  listed nothing
  look
  stalled
  overdue
  inquired
  proceed
  confirm
  linger 1
  release`);
  });
});

describe("who ended it", () => {
  test("an RST is the opener's or the answerer's by the flag in the mark, and nobody's is the server's", () => {
    play(`${carrying}
  update CLOSE opener-rst
    find to count client-reset
  found CLOSE opener-rst bytes=1/2
    close client-reset 1/2`);
    play(`${carrying}
  update CLOSE answerer-rst
    find to count server-reset
  found CLOSE answerer-rst bytes=1/2
    close server-reset 1/2`);
    play(`${carrying}
  update CLOSE
    find to count server-reset
  found CLOSE bytes=1/2
    close server-reset 1/2`);
  });

  test("a server that resets at once behind its FIN has delivered, and one that resets instead of it has not", () => {
    play(`${carrying}
  update CLOSE answerer-fin answerer-unacked answerer-rst
    report delivered
    find to count server-reset
  found CLOSE answerer-fin answerer-unacked answerer-rst bytes=300/1000
    close server-reset 300/1000`);
    play(`${carrying}
  update CLOSE answerer-unacked answerer-rst
    find to count server-reset
  found CLOSE answerer-unacked answerer-rst bytes=300/1000
    close server-reset 300/1000`);
  });

  test("an RST in answer to the SYN means unreachable, and the opener's own after its SYN a reset", () => {
    play(`${connecting}
  update CLOSE answerer-rst
    close server-unreachable 0/0: connection refused`);
    play(`${connecting}
  update CLOSE opener-rst
    close client-reset 0/0`);
  });

  test("a server that does not answer is unreachable after the time to connect, and the client's SYN is refused", () => {
    play(`${connecting}
  update SYN_SENT
  overdue
    abort 192.168.1.100:40000
    close server-unreachable 0/0: no answer from it within 5 s`);
  });
});

describe("the owner's words", () => {
  test("confirm fetches events until the end", () => {
    play(`
  confirm
    fetch events
  open
    claim for 30 s
  claimed
    wait 20 s
    report opened client 192.168.1.1:50000
  confirm
    fetch events
    extend wait 30 s
  release
    close released 0/0
  confirm`);
  });

  test("released before it is open, it opens and is closed at once", () => {
    play(`
  open
    claim for 30 s
  release
  claimed
    wait 20 s
    report opened client 192.168.1.1:50000
    close released 0/0`);
  });

  test("released after the SYN, or in answer to joined, both peers are reset and nothing is carried", () => {
    play(`${connecting}
  release
    abort 192.168.1.100:40000
    close released 0/0`);
    play(`${joined}
  release
    abort 192.168.1.100:40000
    close released 0/0
  proceed`);
  });

  test("released while it carries, both peers are reset and the bytes are those of the kernel's answer", () => {
    play(`${carrying}
  release
    find to abort aborted
  found ESTABLISHED bytes=500/90000
    abort 192.168.1.100:40000
    close aborted 500/90000`);
  });

  test("a connection that came through just before its pinhole was released is reset", () => {
    play(`${opened}
  release
    close released 0/0
  new SYN_SENT
    abort 192.168.1.100:40000
  update ESTABLISHED`);
  });

  test("released after the receiver has acknowledged the FIN, it leaves the receiver what it has not read", () => {
    play(`${carrying}
  release
    find to abort aborted
  found CLOSE_WAIT answerer-fin bytes=500/90000
    close aborted 500/90000`);
    play(`${carrying}
  release
    find to abort aborted
  found FIN_WAIT answerer-fin answerer-unacked bytes=500/90000
    abort 192.168.1.100:40000
    close aborted 500/90000`);
  });

  test("a lingering owner is told of the delivery: the kernel is asked until the client has acknowledged the FIN", () => {
    play(`${carrying}
  linger 5
    limit stall 5 s
    inquire
  inquired
    find to look
  found ESTABLISHED answerer-unacked bytes=300/4000
    look in 1 ms
  look
    find to look
  found CLOSE_WAIT answerer-fin bytes=300/5000
    report delivered
  inquired`);
  });

  test("a lingering owner shortens the wait for a peer, also before the pinhole is open", () => {
    play(`${opened}
  linger 5
    shorten wait 5 s
    inquire
  inquired
  overdue
    close expired 0/0`);
    play(`
  linger 5
    inquire
  open
    claim for 5 s
  claimed
    wait 5 s
    report opened client 192.168.1.1:50000`);
  });

  test("what was delivered before the owner released it counts as it was then", () => {
    play(`${carrying}
  linger 5
    limit stall 5 s
    inquire
  inquired
    find to look
  found CLOSE_WAIT answerer-fin bytes=300/5000
    report delivered
  update LAST_ACK
  release
    find to abort aborted
  found nothing
    close aborted 300/5000`);
  });
});

describe("byte counts", () => {
  test("they are as the kernel last told, and the end never takes back what was said", () => {
    const refreshed = (connection: string) => `
  refresh
    find to refresh
  found ${connection}`;
    const script = `${carrying}${refreshed("ESTABLISHED bytes=100/4000")}${refreshed("ESTABLISHED bytes=50/5000")}`;
    const state = play(`${script}${refreshed("ESTABLISHED")}${refreshed("nothing")}`);
    expect(state.counts).toEqual({ bytesUp: 100, bytesDown: 5000 });
    play(`${script}
  update TIME_WAIT
    report delivered
    find to count complete
  found nothing
    close complete 100/5000`);
  });

  test("the kernel is not asked before the legs are joined, nor after the end", () => {
    play(`${connecting}
  refresh
  release
    abort 192.168.1.100:40000
    close released 0/0
  refresh`);
  });
});
