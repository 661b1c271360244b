// A netlink socket that is asked and answers at once: the kernel has its answer ready when the question has been sent, so
// neither takes longer than the work itself.
import { errnoOf, type Message, messageTypes, parseMessages } from "./netlink-message.ts";
import { doNotWait, families, levels, options, socketTypes, type SystemCalls } from "./system-calls.ts";

export type NetlinkSocket = {
  /** Sends a message or a batch and waits for the acknowledgement of `last`: 0, or the errno of the first that failed. */
  acknowledged(data: Buffer, last: number): number;
  /** The one message that answers, or the errno. */
  ask(data: Buffer, sequence: number): Message | number;
  /** Every message of a dump, or the errno. */
  dump(data: Buffer, sequence: number): Message[] | number;
  /** A number that no earlier message has; the next `count` follow it. */
  sequence(count: number): number;
  close(): void;
};

export const protocols = { route: 0, netfilter: 12 } as const;

/** Only a kernel that is broken lets anybody wait so long. */
const patienceSeconds = 1;
const largestDatagram = 65_536;

export function openNetlinkSocket(calls: SystemCalls, protocol: number): NetlinkSocket | { readonly errno: number } {
  const descriptor = calls.socket(families.netlink, socketTypes.raw | socketTypes.closeOnExec, protocol);
  if (descriptor < 0) return { errno: calls.errno() };
  const timeout = Buffer.alloc(16);
  timeout.writeUInt32LE(patienceSeconds);
  calls.setsockopt(descriptor, levels.socket, options.receiveTimeout, timeout, timeout.length);
  const buffer = Buffer.alloc(largestDatagram);
  let nextSequence = 1;
  /** The last question was not answered in full, so that what is left could be taken for the next one's answer. */
  let isUnsettled = false;

  /** Undefined when nothing comes, at once or at the end of patience; errno says why. */
  function receive(flags = 0): Message[] | undefined {
    const length = calls.recv(descriptor, buffer, buffer.length, flags);
    if (length >= 0) return parseMessages(buffer.subarray(0, length));
    isUnsettled = true;
    return undefined;
  }

  function send(data: Buffer): number {
    if (isUnsettled) while (receive(doNotWait) !== undefined);
    isUnsettled = false;
    return calls.send(descriptor, data, data.length, 0) < 0 ? calls.errno() : 0;
  }

  return {
    acknowledged(data, last) {
      const failure = send(data);
      if (failure !== 0) return failure;
      const first = data.readUInt32LE(8);
      for (let errno = 0; ;) {
        const messages = receive();
        if (messages === undefined) return errno || calls.errno();
        for (const message of messages) {
          const told = errnoOf(message);
          if (told === undefined) continue;
          if (errno === 0) errno = told;
          // A batch that is refused as a whole is answered under its first number.
          if (message.sequence === last || message.sequence === first) return errno;
          if (errno !== 0) isUnsettled = true;
        }
      }
    },
    ask(data, sequence) {
      const failure = send(data);
      if (failure !== 0) return failure;
      for (;;) {
        const messages = receive();
        if (messages === undefined) return calls.errno();
        const answer = messages.find((message) => message.sequence === sequence);
        if (answer) return errnoOf(answer) ?? { ...answer, payload: Buffer.from(answer.payload) };
      }
    },
    dump(data, sequence) {
      const failure = send(data);
      if (failure !== 0) return failure;
      const found: Message[] = [];
      for (;;) {
        const messages = receive();
        if (messages === undefined) return calls.errno();
        for (const message of messages) {
          if (message.sequence !== sequence) continue;
          if (message.type === messageTypes.done) return found;
          const errno = errnoOf(message);
          if (errno !== undefined) return errno;
          found.push({ ...message, payload: Buffer.from(message.payload) });
        }
      }
    },
    sequence(count) {
      if (nextSequence + count > 0x7fffffff) nextSequence = 1;
      const sequence = nextSequence;
      nextSequence += count;
      return sequence;
    },
    close: () => void calls.close(descriptor),
  };
}
