// The end of TLS 1.3 as Java's clients say it: user_canceled and then close_notify, each with sixteen bytes of padding. No other library
// sends that, so the records are sealed here, with the secret that Node logs (RFC 8446, sections 5.2, 7.1 and 7.3).
import { createCipheriv, createHmac } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** What the socket has to be made with for it. */
export const cancellingTraits = {
  minVersion: "TLSv1.3",
  maxVersion: "TLSv1.3",
  ciphers: "TLS_AES_128_GCM_SHA256",
} as const;

/** One record's worth of an answer: nothing here is longer than a hash. */
function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0])]);
  return createHmac("sha256", secret)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, length);
}

function seal(secret: Buffer, sequence: number, content: Buffer): Buffer {
  const iv = expand(secret, "iv", 12);
  iv.writeUInt32BE((iv.readUInt32BE(8) ^ sequence) >>> 0, 8);
  const header = Buffer.from([23, 3, 3, 0, content.length + 16]);
  const cipher = createCipheriv("aes-128-gcm", expand(secret, "key", 16), iv).setAAD(header);
  return Buffer.concat([header, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

const alertType = 21;
const warning = 1;
export const userCanceled = 90;
export const closeNotify = 0;

/** Gives records of alerts, that follow `written` records of data; called before the handshake. */
export function alertsOf(socket: TLSSocket): (written: number, ...alerts: readonly number[]) => Buffer {
  let secret: Buffer | undefined;
  socket.on("keylog", (line: Buffer) => {
    const [, hex] = /^CLIENT_TRAFFIC_SECRET_0 \S+ (\S+)/.exec(line.toString()) ?? [];
    if (hex !== undefined) secret = Buffer.from(hex, "hex");
  });
  return (written, ...alerts) => {
    if (secret === undefined) throw new Error("no handshake was done");
    const known = secret;
    const padding = Buffer.alloc(16);
    const sealed = alerts.map((alert, index) =>
      seal(known, written + index, Buffer.concat([Buffer.from([warning, alert, alertType]), padding])),
    );
    return Buffer.concat(sealed);
  };
}
