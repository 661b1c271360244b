// A name server on loopback for a test: it answers what it is told to, or nothing.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { onTestFinished } from "vitest";

/** What is said of one name and type. `silence`: nothing, ever. */
export type DnsReply =
  | { readonly addresses: readonly string[]; readonly ttl?: number }
  | "silence"
  | "no-such-name"
  | "failure"
  | "garbage";

export type DnsServer = {
  /** `address:port`, as a resolver takes it. */
  readonly address: string;
  /** `name type` of each question, in order. */
  readonly questions: string[];
};

type Type = "A" | "AAAA";
const types: Readonly<Record<number, Type>> = { 1: "A", 28: "AAAA" };

export async function setDnsServer(reply: (name: string, type: Type) => DnsReply): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const questions: string[] = [];
  socket.on("message", (query, from) => {
    const { name, end } = readName(query);
    const type = types[query.readUInt16BE(end)];
    if (type === undefined) return;
    questions.push(`${name} ${type}`);
    const answer = answerTo(query, end + 4, type, reply(name, type));
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  onTestFinished(() => void socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, questions };
}

const codes = { "no-such-name": 3, failure: 2 } as const;

function answerTo(query: Buffer, end: number, type: Type, reply: DnsReply): Buffer | undefined {
  if (reply === "silence") return undefined;
  if (reply === "garbage") return Buffer.from(query.map((byte, at) => (at < 2 ? byte : 0xc0)));
  const records =
    typeof reply === "string" ? [] : reply.addresses.map((address) => record(address, type, reply.ttl ?? 30));
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (typeof reply === "string" ? codes[reply] : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(12, end), ...records]);
}

/** The name of the question is at byte 12. */
function record(address: string, type: Type, ttl: number): Buffer {
  const bytes =
    type === "A" ? address.split(".").map(Number) : groupsOf(address).flatMap((group) => [group >> 8, group & 255]);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type === "A" ? 1 : 28, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, Buffer.from(bytes)]);
}

function groupsOf(address: string): number[] {
  const [left = "", right] = address.split("::");
  const groups = (text: string): number[] => (text === "" ? [] : text.split(":").map((group) => parseInt(group, 16)));
  const tail = groups(right ?? "");
  return [...groups(left), ...Array.from({ length: 8 - groups(left).length - tail.length }, () => 0), ...tail];
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}
