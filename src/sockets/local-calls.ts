// Local calls: what unix sockets can do on Linux and Node does not offer: who is at the other end, and descriptors that go from one
// process to another (unix(7)). The layouts are those of 64-bit machines.
import { arch, endianness } from "node:os";
import { loadFfi } from "./ffi.ts";
import { bindSystemCalls, doNotWait, errnoName, type SystemCalls } from "./system-calls.ts";

export type Peer = {
  /** 0 where it is a process of another namespace. */
  readonly pid: number;
  readonly user: number;
};

export type Received = { readonly bytes: Buffer; readonly descriptors: readonly number[] };

export type LocalCalls = Pick<SystemCalls, "socket" | "connect" | "setsockopt" | "send" | "close" | "errno"> & {
  /** Whoever this process acts as. */
  user(): number;
  /** As it was when the connection was made. Undefined if there is none. */
  peerOf(fd: number): Peer | undefined;
  /** Does not wait. Undefined, or the system's word for why it was not sent. */
  sendDescriptor(fd: number, text: string, descriptor: number): string | undefined;
  /** Waits as long as the socket does. No bytes: the other end has closed. Or the system's word. */
  receive(fd: number): Received | string;
  /** An option that is a number; undefined if there is none. */
  numberOption(fd: number, level: number, option: number): number | undefined;
  /** As `getsockname` has it; undefined if there is none. */
  ownAddress(fd: number): Buffer | undefined;
};

export type LoadedLocalCalls =
  | { readonly ok: true; readonly calls: LocalCalls }
  | { readonly ok: false; readonly reason: string };

const solSocket = 1;
const scmRights = 1;
const peerCredentials = 17;
const noSignal = 0x4000;
const closeOnExec = 0x40000000;
const controlTruncated = 8;
/** SCM_MAX_FD: one message has no more. */
const mostDescriptors = 253;
const controlHeader = 16;
const narrow = new Set(["arm", "ia32", "mips", "mipsel"]);

let loaded: LoadedLocalCalls | undefined;

/** Binds them once per thread. Never throws: where they are not to be had, `reason` says why. */
export function loadLocalCalls(): LoadedLocalCalls {
  loaded ??= load();
  return loaded;
}

function load(): LoadedLocalCalls {
  const ffi = loadFfi();
  if (!ffi.ok) return ffi;
  if (narrow.has(arch()) || endianness() !== "LE") return { ok: false, reason: `not made for machines of ${arch()}` };
  const { func } = ffi.ffi;
  const system = bindSystemCalls(ffi.ffi);
  const sendmsg = func("int64_t sendmsg(int, const void *, int)");
  const recvmsg = func("int64_t recvmsg(int, void *, int)");
  const getsockopt = func("int getsockopt(int, int, int, void *, void *)");
  const geteuid = func("uint32_t geteuid()");
  const { socket, connect, setsockopt, send, close, errno, getsockname } = system;

  function option(fd: number, level: number, name: number, bytes: number): Buffer | undefined {
    const value = Buffer.alloc(bytes);
    return getsockopt(fd, level, name, value, lengthOf(value)) === 0 ? value : undefined;
  }

  const calls: LocalCalls = {
    ...{ socket, connect, setsockopt, send, close, errno },
    user: () => geteuid(),
    peerOf(fd) {
      const found = option(fd, solSocket, peerCredentials, 12);
      return found && { pid: found.readInt32LE(0), user: found.readUInt32LE(4) };
    },
    numberOption: (fd, level, name) => option(fd, level, name, 4)?.readInt32LE(),
    ownAddress(fd) {
      const address = Buffer.alloc(128);
      return getsockname(fd, address, lengthOf(address)) === 0 ? address : undefined;
    },
    sendDescriptor(fd, text, descriptor) {
      const bytes = Buffer.from(text);
      const { header, control, data } = createMessage(system, controlHeader + 8, bytes.length);
      data.set(bytes);
      control.writeBigUInt64LE(BigInt(controlHeader + 4), 0);
      control.writeInt32LE(solSocket, 8);
      control.writeInt32LE(scmRights, 12);
      control.writeInt32LE(descriptor, controlHeader);
      const sent = sendmsg(fd, header, doNotWait | noSignal);
      return sent === bytes.length ? undefined : sent < 0 ? errnoName(errno()) : "it was cut";
    },
    receive(fd) {
      const { header, control, data } = createMessage(system, controlHeader + 4 * mostDescriptors + 4, 64 * 1024);
      const length = recvmsg(fd, header, closeOnExec);
      if (length < 0) return errnoName(errno());
      const descriptors = descriptorsIn(control.subarray(0, Number(header.readBigUInt64LE(40))));
      if ((header.readInt32LE(48) & controlTruncated) === 0) return { bytes: data.subarray(0, length), descriptors };
      for (const descriptor of descriptors) close(descriptor);
      return "EMFILE";
    },
  };
  return { ok: true, calls };
}

function lengthOf(value: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  return length;
}

type Message = { readonly header: Buffer; readonly control: Buffer; readonly data: Buffer };

/** struct msghdr with one struct iovec, both buffers behind it in the same memory: so none of them goes before the others. */
function createMessage({ memcpy }: Pick<SystemCalls, "memcpy">, controlBytes: number, dataBytes: number): Message {
  const controlAt = 80;
  const dataAt = controlAt + controlBytes;
  const header = Buffer.alloc(dataAt + dataBytes);
  const start = BigInt(memcpy(header, header, 0));
  header.writeBigUInt64LE(start + 64n, 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(start + BigInt(controlAt), 32);
  header.writeBigUInt64LE(BigInt(controlBytes), 40);
  header.writeBigUInt64LE(start + BigInt(dataAt), 64);
  header.writeBigUInt64LE(BigInt(dataBytes), 72);
  return { header, control: header.subarray(controlAt, dataAt), data: header.subarray(dataAt) };
}

/** Those of every SCM_RIGHTS among the control messages. */
function descriptorsIn(control: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + controlHeader <= control.length;) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < controlHeader || at + length > control.length) break;
    if (control.readInt32LE(at + 8) === solSocket && control.readInt32LE(at + 12) === scmRights) {
      for (let one = at + controlHeader; one + 4 <= at + length; one += 4) found.push(control.readInt32LE(one));
    }
    at += Math.ceil(length / 8) * 8;
  }
  return found;
}
