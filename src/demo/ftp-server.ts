// FTP server, a small one with its files in memory: what the demo puts behind the gateway, and what tests talk to. It speaks
// RFC 959, 2428 and 3659 as far as clients ask for it, over IPv4 and IPv6, and lets everybody in with any password.
// It is no server for production: no users, no rights, no TLS, no text conversion (a file is its bytes, in TYPE A too).
// The servers on npm have not been maintained for years, and one that announces a wrong address on purpose is needed.
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Endpoint } from "../net/endpoint.ts";
import { createFileTree } from "./file-tree.ts";
import { serveSession } from "./ftp-session.ts";

export type FtpServerOptions = {
  /** Port 0 takes any free port. */
  readonly listen: Endpoint;
  /** The text after `220 `. */
  readonly greeting?: string;
  /** Path from the root, as in `pub/readme.txt`, to content. Directories are made as needed. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** The IPv4 address announced in 227, default the local one. A server behind a NAT announces one nobody outside can reach. */
  readonly announce?: string;
};

export type FtpServer = {
  readonly endpoint: Endpoint;
  /** Live; paths without a leading slash, one character per byte (latin1). A broken upload never shows up here. */
  readonly files: Map<string, Buffer>;
  /** What was said on all control connections, `C> RETR a` and `S> 150 …`, the newest last. Passwords are in it. */
  readonly transcript: readonly string[];
  /** Breaks every connection; resolves when all are closed. */
  stop(): Promise<void>;
};

const maxTranscriptLines = 10_000;

export async function startFtpServer(options: FtpServerOptions): Promise<FtpServer> {
  const tree = createFileTree(options.files ?? {});
  const transcript: string[] = [];
  const controls = new Set<Socket>();
  const record = (line: string) => {
    transcript.push(line);
    if (transcript.length > maxTranscriptLines) transcript.splice(0, maxTranscriptLines / 2);
  };

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (control) => {
    controls.add(control);
    control.once("close", () => controls.delete(control));
    serveSession(control, { tree, greeting: options.greeting ?? "Ready", announce: options.announce, record });
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen({ host: options.listen.address, port: options.listen.port }, resolve);
  });
  const { port } = listener.address() as AddressInfo;

  return {
    endpoint: { address: options.listen.address, port },
    files: tree.files,
    transcript,
    stop: () =>
      new Promise<void>((resolve) => {
        listener.close(() => resolve());
        for (const control of controls) control.destroy();
      }),
  };
}
