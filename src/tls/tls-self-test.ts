// TLS self-test: whether this version of Node lets the end of TLS be told from the end of TCP (`watchTlsEnd`), tried on loopback with a key
// that both ends share. Where it does not, legs under TLS that end with TCP alone count as complete: what is cut can't be told from what is not.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, TLSSocket } from "node:tls";
import { releaseControl, type TlsEnd, watchTlsEnd } from "../sockets/tls-handle.ts";

let known: Promise<boolean> | undefined;

/** Tried once in the life of the process; takes some milliseconds. Never rejects. */
export function canTellTruncation(): Promise<boolean> {
  known ??= Promise.all([endOf("close-notify"), endOf("cut")]).then(
    ([closed, cut]) => closed === "close-notify" && cut === "cut",
    () => false,
  );
  return known;
}

const psk = Buffer.alloc(16, 1);
const shared = { ciphers: "PSK-AES128-GCM-SHA256", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
const limitMs = 2000;

async function endOf(wanted: TlsEnd): Promise<TlsEnd | undefined> {
  const listener = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const raw = connect({ port: (listener.address() as AddressInfo).port, host: "127.0.0.1", timeout: limitMs });
  try {
    const [accepted] = (await once(listener, "connection")) as [Socket];
    const options = { isServer: true, secureContext: createSecureContext(shared), pskCallback: () => psk };
    const server = releaseControl(new TLSSocket(accepted, options));
    server.on("error", () => {});
    const end = watchTlsEnd(server);
    const trusting = { checkServerIdentity: () => undefined };
    const client = connectTls({
      socket: raw,
      ...shared,
      ...trusting,
      pskCallback: () => ({ psk, identity: "self-test" }),
    });
    client.on("error", () => {});
    raw.on("timeout", () => raw.destroy());
    await once(client, "secureConnect");
    client.write("x", () => (wanted === "cut" ? raw.destroy() : client.end()));
    await once(server.resume(), "end");
    server.destroy();
    return end();
  } finally {
    raw.destroy();
    listener.close();
  }
}
