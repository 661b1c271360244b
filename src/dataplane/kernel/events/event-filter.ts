// Event filter: the program by which the kernel drops conntrack events that are of no use here, before this process is woken:
// those of connections that are not ours, and those of states that are passed through. Classic BPF over a netlink message (linux/filter.h), with
// the extensions that find an attribute in it.
import { tcpStates } from "../netlink/conntrack-message.ts";

const attributes = { protocolInfo: 4, mark: 8 } as const;
/** Within the information on the protocol: that on TCP, and within that the state. */
const tcpAttributes = { tcp: 1, state: 1 } as const;
/** `ends`: how connections end, and nothing before. */
export type WantedEvents = "everything" | "ends";
/**
 * Between a SYN and an established connection, and between the first FIN and the last acknowledgement, nothing is to be done.
 * Who wants to know more of those asks.
 */
const betweenStates = [tcpStates.synReceived, tcpStates.finWait, tcpStates.closeWait, tcpStates.lastAck];
const passedOver: Readonly<Record<WantedEvents, readonly number[]>> = {
  everything: betweenStates,
  ends: [tcpStates.synSent, tcpStates.established, ...betweenStates],
};
/** IPCTNL_MSG_CT_DELETE: the lower byte of the message's type, which is the fourth of its header. */
const typeAt = 4;
const gone = 2;
/** Behind the headers of netlink and nfnetlink. */
const firstAttributeAt = 20;
/** SKF_AD_OFF + SKF_AD_NLATTR: A = where the attribute X begins, looking from A on; 0 if there is none. */
const findAttribute = 0xfffff000 + 12;
/** SKF_AD_OFF + SKF_AD_NLATTR_NEST: the same among the attributes within the one that begins at A. */
const findWithin = 0xfffff000 + 16;
const everything = 0xffffffff;

/** How many instructions are passed over, or where to. */
type Jump = number | "keep" | "drop";
/** Code, operand (of a jump: how far); for a comparison the jumps if it is true and if it is false. */
type Instruction = readonly [code: number, operand: number, isTrue?: Jump, isFalse?: Jump];

/** The bytes of `struct sock_filter[]`, for SO_ATTACH_FILTER. */
export function eventFilter(value: number, mask: number, wanted: WantedEvents): Buffer {
  const passing = passedOver[wanted];
  const program: readonly Instruction[] = [
    [0x00, firstAttributeAt], // ld #20
    [0x01, attributes.mark], // ldx #8
    [0x20, findAttribute], // ld [attribute]
    [0x15, 0, "drop"], // jeq #0
    [0x07, 0], // tax
    [0x40, 4], // ld [x + 4]
    [0x54, mask], // and #mask
    [0x15, value, 0, "drop"], // jeq #value
    [0x00, firstAttributeAt], // ld #20
    [0x01, attributes.protocolInfo], // ldx #4
    [0x20, findAttribute], // ld [attribute]
    [0x15, 0, "keep"], // jeq #0
    [0x01, tcpAttributes.tcp], // ldx #1
    [0x20, findWithin], // ld [attribute within]
    [0x15, 0, "keep"], // jeq #0
    [0x01, tcpAttributes.state], // ldx #1
    [0x20, findWithin], // ld [attribute within]
    [0x15, 0, "keep"], // jeq #0
    [0x07, 0], // tax
    [0x30, typeAt], // ldb [4]
    [0x15, gone, 0, 3], // jeq #2
    // That a connection has ended in order was told when it did.
    [0x50, 4], // ldb [x + 4]
    [0x15, tcpStates.timeWait, "drop"], // jeq #7
    [0x05, passing.length + 1], // ja keep
    [0x50, 4], // ldb [x + 4]
    ...passing.map((state): Instruction => [0x15, state, "drop"]), // jeq #state
    [0x06, everything], // keep: ret #-1
    [0x06, 0], // drop: ret #0
  ];
  const ends = { keep: program.length - 2, drop: program.length - 1 };
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, operand, isTrue = 0, isFalse = 0], index) => {
    const at = index * 8;
    const distance = (jump: Jump) => (typeof jump === "number" ? jump : ends[jump] - index - 1);
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(distance(isTrue), at + 2);
    bytes.writeUInt8(distance(isFalse), at + 3);
    bytes.writeUInt32LE(operand, at + 4);
  });
  return bytes;
}
