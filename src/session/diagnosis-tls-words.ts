// Diagnosis words of TLS: no protection where there has to be one, on control connections and on data connections.
import type { Side } from "../dataplane/pinhole.ts";
import { incomplete, unopened, type DiagnosisParts, type Wording } from "./diagnosis-data-words.ts";

const ofWhom = (side: Side, { server }: DiagnosisParts) => (side === "client" ? "your TLS" : `TLS with ${server}`);

const certificateAdvice = {
  client:
    "The client does not take the gateway's certificate (clientSide.tls.certificates: the whole chain, a name that the client knows), or has shown none that clientSide.tls.clientCertificates.ca has signed.",
  server:
    "Check serverSide.tls.ca, name and pin against what the server shows (openssl s_client -starttls ftp -connect HOST:21), and serverSide.tls.certificate where it wants one of the gateway.",
} as const;

const versionAdvice = {
  client: "The client is too old for clientSide.tls.minVersion or for the ciphers of this OpenSSL: update it.",
  server: "The server is too old for serverSide.tls.minVersion or for the ciphers of this OpenSSL: update it.",
} as const;

const failedAdvice = {
  client: "What comes from the client is no TLS, or it has given up: look at the client's own log.",
  server: "The server does not speak TLS where it said it would, or has given up: look at the server's own log.",
} as const;

/** Of a certificate the client may read that it is not trusted; whose and why is the operator's. */
function untrusted(side: Side, { server }: DiagnosisParts): string {
  return side === "client"
    ? "Your certificate is not trusted, or you do not trust ours."
    : `${possessive(server)} certificate is not trusted.`;
}

function possessive(server: string): string {
  return server.startsWith("the ") ? `T${server.slice(1)}'s` : `${server}'s`;
}

/** A control connection. */
export function unprotected(side: Side) {
  return {
    "tls-certificate": {
      sentence: ({ peer, why }) => `TLS with the ${side} ${peer} failed by a certificate: ${why}.`,
      advice: () => certificateAdvice[side],
      client: (parts) => untrusted(side, parts),
    },
    "tls-version": {
      sentence: ({ peer, why }) =>
        `The ${side} ${peer} and the gateway have no TLS version or cipher in common: ${why}.`,
      advice: () => versionAdvice[side],
      client: (parts) => `There is no common version or cipher for ${ofWhom(side, parts)}.`,
    },
    "tls-failed": {
      sentence: ({ peer, why }) => `TLS with the ${side} ${peer} failed: ${why}.`,
      advice: () => failedAdvice[side],
      client: (parts) => `There is no ${ofWhom(side, parts)}: the handshake failed.`,
    },
  } as const satisfies Record<string, Wording>;
}

export const tlsRefused = {
  "tls-refused": {
    sentence: ({ endpoint, why }) => `The server ${endpoint} refuses the TLS that the configuration wants: ${why}.`,
    advice: () =>
      "Switch TLS on at the server, or let serverSide.tls.mode be auto or off, and serverSide.tls.data be match or clear, where clear text may pass.",
    client: ({ server }) => `There is no TLS with ${server}, which refuses it.`,
  },
} as const satisfies Record<string, Wording>;

/** A data connection. */
export function unprotectedData(side: Side) {
  const failed = (what: string) => (parts: DiagnosisParts) => unopened(`${ofWhom(side, parts)} ${what}`);
  return {
    "tls-certificate": {
      sentence: ({ peer, why }) => `TLS on the data connection of the ${side} ${peer} failed by a certificate: ${why}.`,
      advice: () => certificateAdvice[side],
      client: failed("failed by a certificate"),
    },
    "tls-version": {
      sentence: ({ peer, why }) =>
        `On the data connection, the ${side} ${peer} and the gateway have no TLS version or cipher in common: ${why}.`,
      advice: () => versionAdvice[side],
      client: failed("has no common version or cipher"),
    },
    "tls-failed": {
      sentence: ({ peer, why }) => `TLS on the data connection of the ${side} ${peer} failed: ${why}.`,
      advice: () => failedAdvice[side],
      client: failed("failed on the data connection"),
    },
    "tls-not-resumed": {
      sentence: ({ peer, why }) =>
        `The data connection of the ${side} ${peer} did not resume the TLS session of its control connection: ${why}.`,
      advice: () =>
        side === "client"
          ? "Whoever connected may be somebody else; for clients that can't resume sessions, set clientSide.tls.sessionReuse: prefer."
          : "The server has forgotten the session: look at its session cache and at its clock.",
      client: failed("did not resume the session of the control connection"),
    },
    "tls-truncated": {
      sentence: ({ peer }) =>
        `The data connection of the ${side} ${peer} ended without close_notify: its data may be cut off.`,
      advice: () =>
        `Something cut the connection, or the ${side}'s program never sends close_notify: then ${side}Side.tls.truncation: tolerate takes its end for complete.`,
      client: () => incomplete(`the ${side} ended the data connection without close_notify`),
    },
  } as const satisfies Record<string, Wording>;
}
