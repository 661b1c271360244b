// Sessions of the demonstration, what it does as a client: one session for each way to announce a data connection, each with
// a download and an upload whose bytes are compared. Passive sessions are basic-ftp's, active ones those of the scripted
// client.
import { randomBytes } from "node:crypto";
import { Readable, Writable } from "node:stream";
import { Client, enterPassiveModeIPv4, enterPassiveModeIPv6 } from "basic-ftp";
import { familyOf, type Endpoint, type Family } from "../net/endpoint.ts";
import { errorMessage } from "../process/error-message.ts";
import { connectActiveClient } from "./active-client.ts";

export type DemoSession = {
  readonly family: Family;
  readonly form: "PASV" | "EPSV" | "PORT" | "EPRT";
  readonly title: string;
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
  { family: 6, form: "EPSV", title: "Extended passive, an IPv6 client and an IPv4 server" },
  { family: 6, form: "EPRT", title: "Extended active, an IPv6 client and an IPv4 server" },
];

export const demoUser = "demo";
export const demoPassword = "not-to-be-seen";
const timeoutMs = 5000;
const uploadBytes = 300_000;

/** Logs in at `gateway`, downloads `name`, uploads another file; `files` are the server's own. */
export async function runSession(
  { form, family }: DemoSession,
  gateway: Endpoint,
  name: string,
  files: ReadonlyMap<string, Buffer>,
): Promise<readonly Verdict[]> {
  const uploaded = randomBytes(uploadBytes);
  const uploadName = `upload-${form.toLowerCase()}-ipv${family}.bin`;
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
      ? passiveClient(form, gateway)
      : activeClient(form, gateway));
    client = opened;
    await check(`${form} download`, async () => [files.get(name), await opened.download(name)]);
    await check(`${form} upload`, async () => {
      await opened.upload(uploadName, uploaded);
      return [uploaded, files.get(uploadName)];
    });
    await opened.quit();
  } catch (error) {
    verdicts.push({ transfer: `${form} session`, verified: false, detail: errorMessage(error) });
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

async function passiveClient(form: "PASV" | "EPSV", gateway: Endpoint): Promise<Transfers> {
  const client = new Client(timeoutMs);
  client.prepareTransfer = form === "PASV" ? enterPassiveModeIPv4 : enterPassiveModeIPv6;
  try {
    await client.connect(gateway.address, gateway.port);
    await client.login(demoUser, demoPassword);
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
