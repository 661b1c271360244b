// TCP info: what the kernel knows of a TCP connection (struct tcp_info of linux/tcp.h), as much of it as tells why nothing moves.

export type TcpInfo = {
  /** Times that the oldest unanswered segment was sent again since the last answer. */
  readonly retransmits: number;
  /** Unanswered probes of a peer whose window is closed. */
  readonly probes: number;
  /** Bytes of a full-size segment to the peer. */
  readonly segmentBytes: number;
  readonly acknowledgedBytes: number;
  readonly receivedBytes: number;
  /** Segments that came behind a gap. */
  readonly outOfOrder: number;
};

/** Large enough for all of it that is read. */
export const tcpInfoBytes = 228;

/** From what TCP_INFO gives; an older kernel gives less, and what it leaves out is 0. */
export function readTcpInfo(written: Buffer): TcpInfo {
  return {
    retransmits: written.readUInt8(2),
    probes: written.readUInt8(3),
    segmentBytes: written.readUInt32LE(16),
    acknowledgedBytes: Number(written.readBigUInt64LE(120)),
    receivedBytes: Number(written.readBigUInt64LE(128)),
    outOfOrder: written.readUInt32LE(224),
  };
}

/** Less than any full-size segment has. */
const smallBytes = 536;

/**
 * Why a connection stands still on which `unacknowledged` bytes are on their way to the peer, in words; empty if nothing can be said. That
 * full-size segments are lost is said where not one was ever answered, or where what came is not whole and all that did was small.
 */
export function explainStandstill(info: TcpInfo | undefined, unacknowledged: number): string {
  if (unacknowledged > 0) {
    if (info !== undefined && info.probes > 0) return `it does not read, ${unacknowledged} bytes wait for it`;
    const isNothingAnswered = info !== undefined && info.retransmits > 0 && info.acknowledgedBytes < info.segmentBytes;
    if (isNothingAnswered && unacknowledged > smallBytes) {
      return `full-size packets to it are lost, none of ${unacknowledged} bytes was acknowledged`;
    }
    return `it has not acknowledged ${unacknowledged} bytes`;
  }
  if (info !== undefined && info.outOfOrder > 0 && info.receivedBytes < smallBytes) {
    return "full-size packets from it are lost, what was sent behind them has come";
  }
  return "";
}
