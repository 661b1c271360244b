// TLS schema: the keys of TLS, of the process and of each side.
import { z } from "zod";
import type { ClientSideTls, ServerSideTls, Truncation } from "../gateway/options.ts";
import type { TlsVersion } from "../net/tls.ts";
import { nearest } from "./nearest.ts";
import { choice, listOf, scalar } from "./scalars.ts";
import { expected, parseFile, parsePin, parseTlsName } from "./settings.ts";

const certificate = z.strictObject({ cert: scalar(parseFile), key: scalar(parseFile) });
const minVersion = choice<TlsVersion>({ "TLSv1.2": true, "TLSv1.3": true }).default("TLSv1.2");
const truncation = choice<Truncation>({ reset: true, tolerate: true }).default("reset");

export const sharedTls = z.strictObject({ certificates: listOf(certificate).default([]) });

const require = choice<ClientSideTls["require"]>({ none: true, login: true, data: true });

export const policyTls = choice<"refuse" | "passthrough" | "terminate">({
  refuse: true,
  passthrough: true,
  terminate: true,
});

/** Of an entry of `policies`. `{ require }` is `terminate`, and what clients must then, whatever clientSide.tls says. */
export const tlsOfSome = z.union([policyTls, z.strictObject({ require })], {
  error: ({ input }) =>
    expected(
      "refuse, passthrough, terminate or { require: none, login or data }",
      input,
      nearest(String(input), ["refuse", "passthrough", "terminate"]),
    ),
});

export const clientSideTls = z.strictObject({
  certificates: listOf(certificate, "needs at least one certificate").exactOptional(),
  require: require.default("none"),
  minVersion,
  sessionReuse: choice<ClientSideTls["sessionReuse"]>({ prefer: true, require: true }).default("prefer"),
  clientCertificates: z
    .strictObject({
      ca: scalar(parseFile),
      require: z.boolean().default(false),
      user: choice<"cn">({ cn: true }).exactOptional(),
    })
    .exactOptional(),
  ccc: z.boolean().default(false),
  truncation,
});

export const serverSideTls = z
  .strictObject({
    mode: choice<ServerSideTls["mode"]>({ off: true, auto: true, required: true, "match-client": true }).default("off"),
    implicit: z.boolean().default(false),
    verify: z.boolean().default(true),
    ca: scalar(parseFile).default("system"),
    name: scalar(parseTlsName).exactOptional(),
    pin: scalar(parsePin).exactOptional(),
    certificate: certificate.exactOptional(),
    minVersion,
    // No default here: it depends on the mode.
    data: choice<ServerSideTls["data"]>({ match: true, clear: true, private: true }).exactOptional(),
    truncation,
  })
  .refine(({ mode, implicit }) => !implicit || mode !== "match-client", {
    error: "can't be with mode: match-client: TLS begins there before the client has said anything",
    path: ["implicit"],
  })
  .refine(({ mode, implicit }) => !implicit || mode !== "off", {
    error: "has no meaning with mode: off; set mode: required",
    path: ["implicit"],
  });
