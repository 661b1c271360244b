// The program by which the kernel drops the news of every connection that is not ours, before this process is woken:
// classic BPF over a netlink message (linux/filter.h), with the extension that finds an attribute in it.

const markAttribute = 8;
/** Behind the headers of netlink and nfnetlink. */
const firstAttributeAt = 20;
/** SKF_AD_OFF + SKF_AD_NLATTR: A = where the attribute X begins, looking from A on; 0 if there is none. */
const findAttribute = 0xfffff000 + 12;
const everything = 0xffffffff;

/** Code, jump if true, jump if false, operand. */
type Instruction = readonly [code: number, isTrue: number, isFalse: number, operand: number];

/** The bytes of `struct sock_filter[]`, for SO_ATTACH_FILTER. */
export function eventFilter(value: number, mask: number): Buffer {
  const program: readonly Instruction[] = [
    [0x00, 0, 0, firstAttributeAt], // ld #20
    [0x01, 0, 0, markAttribute], // ldx #8
    [0x20, 0, 0, findAttribute], // ld [attribute]
    [0x15, 5, 0, 0], // jeq #0, drop
    [0x07, 0, 0, 0], // tax
    [0x40, 0, 0, 4], // ld [x + 4]
    [0x54, 0, 0, mask], // and #mask
    [0x15, 0, 1, value], // jeq #value, keep, drop
    [0x06, 0, 0, everything], // keep: ret #-1
    [0x06, 0, 0, 0], // drop: ret #0
  ];
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, isTrue, isFalse, operand], index) => {
    const at = index * 8;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(isTrue, at + 2);
    bytes.writeUInt8(isFalse, at + 3);
    bytes.writeUInt32LE(operand, at + 4);
  });
  return bytes;
}
