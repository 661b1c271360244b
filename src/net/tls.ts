// TLS words: the closed unions in which every layer speaks of a connection under TLS. On the client side the gateway is the TLS
// server, on the server side the TLS client, whoever connects to whom (RFC 4217 7).

export const tlsVersions = ["TLSv1.2", "TLSv1.3"] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** A handshake that has succeeded. */
export type Secured = {
  readonly version: TlsVersion;
  /** As OpenSSL names it, e.g. `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string;
  /** No certificate was shown: a session of before was resumed. */
  readonly resumed: boolean;
  /** Of the handshake, in milliseconds. */
  readonly durationMs: number;
};

/**
 * Why there is no TLS on a connection. `bytes-before-tls`: something was said in clear behind AUTH or its answer. `not-tls`: what
 * came is no TLS record. `unknown-ca`: no chain to a trusted certificate. `certificate-name`: it is for other names.
 * `certificate-pin`: its key is another. `no-certificate`: the peer has shown none and has to. `rejected`: the peer does not take
 * our certificate. `not-resumed`: a data connection has not resumed the session of its control connection, and must. `closed`: the
 * peer has closed or reset the connection. `timed-out`: nothing came of it in time. `failed`: anything else, said in the detail.
 */
export const tlsCauses = [
  "bytes-before-tls",
  "not-tls",
  "protocol-version",
  "no-shared-cipher",
  "unknown-ca",
  "certificate-name",
  "certificate-expired",
  "certificate-pin",
  "no-certificate",
  "rejected",
  "not-resumed",
  "closed",
  "timed-out",
  "failed",
] as const;
export type TlsCause = (typeof tlsCauses)[number];
