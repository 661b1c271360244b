// Sessions of the demonstration, what it does as a client: one session for each way to announce a data connection, each with
// a download and an upload whose bytes are compared. Passive sessions are basic-ftp's, active ones those of the scripted
// client.
import { randomBytes } from "node:crypto";
import { Readable, Writable } from "node:stream";
import { Client, enterPassiveModeIPv4, enterPassiveModeIPv6 } from "basic-ftp";
import { familyOf, type Endpoint, type Family } from "../net/endpoint.ts";
import { errorMessage } from "../process/error-message.ts";
import { connectActiveClient } from "./active-client.ts";
import { demoName } from "./demo-certificate.ts";

export type DemoSession = {
  readonly family: Family;
  readonly form: "PASV" | "EPSV" | "PORT" | "EPRT";
  readonly title: string;
  readonly isSecured?: true;
};

/** `verified`: the bytes that arrived are the bytes that were sent. */
export type Verdict = { readonly transfer: string; readonly verified: boolean; readonly detail: string };

/** The private addresses that a client behind a NAT announces, because it knows no other. */
export const clientAddress: Readonly<Record<Family, string>> = { 4: "192.168.1.100", 6: "fd00:1::100" };

export const demoSessions: readonly DemoSession[] = [
  { family: 4, form: "PASV", title: "Passive (PASV): the server announces an address that only its own network knows" },
  { family: 4, form: "EPSV", title: "Extended passive (EPSV): only a port, but one of the server's" },
  {
    family: 4,
    form: "PORT",
    title: "Active (PORT): a client behind a NAT announces an address that the server can't reach",
  },
  { family: 4, form: "EPRT", title: "Extended active (EPRT)" },
  { family: 4, form: "EPSV", isSecured: true, title: "Under TLS (AUTH TLS, PROT P), which the server does not have" },
  { family: 6, form: "EPSV", title: "Extended passive, an IPv6 client and an IPv4 server" },
  { family: 6, form: "EPRT", title: "Extended active, an IPv6 client and an IPv4 server" },
];

export const demoUser = "demo";
export const demoPassword = "not-to-be-seen";
const timeoutMs = 5000;
const uploadBytes = 300_000;

export type DemoFiles = {
  readonly name: string;
  /** The server's own. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** PEM of whom a client under TLS trusts. */
  readonly trusted: string;
};

/** Logs in at `gateway`, downloads the file of that name, and uploads another. */
export async function runSession(
  { form, family, isSecured }: DemoSession,
  gateway: Endpoint,
  { name, files, trusted }: DemoFiles,
): Promise<readonly Verdict[]> {
  const uploaded = randomBytes(uploadBytes);
  const how = isSecured ? `${form} under TLS` : form;
  const uploadName = `upload-${how.toLowerCase().replaceAll(" ", "-")}-ipv${family}.bin`;
  const verdicts: Verdict[] = [];
  const check = async (
    transfer: string,
    run: () => Promise<[sent: Buffer | undefined, received: Buffer | undefined]>,
  ) => {
    try {
      const [sent, received] = await run();
      const verified = sent !== undefined && received !== undefined && sent.equals(received);
      verdicts.push({ transfer, verified, detail: verified ? `${sent.length} bytes` : "the bytes differ" });
    } catch (error) {
      verdicts.push({ transfer, verified: false, detail: errorMessage(error) });
    }
  };
  let client: Transfers | undefined;
  try {
    const opened = await (form === "PASV" || form === "EPSV"
      ? passiveClient(form, gateway, isSecured && trusted)
      : activeClient(form, gateway));
    client = opened;
    await check(`${how} download`, async () => [files.get(name), await opened.download(name)]);
    await check(`${how} upload`, async () => {
      await opened.upload(uploadName, uploaded);
      return [uploaded, files.get(uploadName)];
    });
    await opened.quit();
  } catch (error) {
    verdicts.push({ transfer: `${how} session`, verified: false, detail: errorMessage(error) });
  } finally {
    client?.close();
  }
  return verdicts;
}

type Transfers = {
  download(name: string): Promise<Buffer>;
  upload(name: string, bytes: Buffer): Promise<void>;
  quit(): Promise<void>;
  close(): void;
};

/** `trusted`: under TLS, with a gateway that shows this certificate (PEM). */
async function passiveClient(form: "PASV" | "EPSV", gateway: Endpoint, trusted?: string): Promise<Transfers> {
  const client = new Client(timeoutMs);
  client.prepareTransfer = form === "PASV" ? enterPassiveModeIPv4 : enterPassiveModeIPv6;
  try {
    await client.connect(gateway.address, gateway.port);
    if (trusted !== undefined) await client.useTLS({ ca: trusted, servername: demoName });
    await client.login(demoUser, demoPassword);
    if (trusted !== undefined) for (const line of ["PBSZ 0", "PROT P"]) await client.send(line);
    await client.send("TYPE I");
  } catch (error) {
    client.close();
    throw error;
  }
  return {
    async download(name) {
      const chunks: Buffer[] = [];
      await client.downloadTo(
        new Writable({
          write(chunk: Buffer, _encoding, done) {
            chunks.push(chunk);
            done();
          },
        }),
        name,
      );
      return Buffer.concat(chunks);
    },
    async upload(name, bytes) {
      await client.uploadFrom(Readable.from([bytes]), name);
    },
    async quit() {
      await client.send("QUIT");
    },
    close: () => client.close(),
  };
}

async function activeClient(form: "PORT" | "EPRT", gateway: Endpoint): Promise<Transfers> {
  const announce = clientAddress[familyOf(gateway.address)];
  const client = await connectActiveClient(gateway, { announce, timeoutMs });
  try {
    await client.login(demoUser, demoPassword);
  } catch (error) {
    client.close();
    throw error;
  }
  return {
    download: (name) => client.download(form, name),
    upload: (name, bytes) => client.upload(form, name, bytes),
    quit: () => client.quit(),
    close: () => client.close(),
  };
}
