// Schema, the configuration file as zod sees it: every key, what it takes and its default. Sections are strict: an unknown
// key is an error. Output is still shaped like the file; parse.ts composes the `Config` from it.
import { z } from "zod";
import { addressKind } from "../net/address-kind.ts";
import { familyOf } from "../net/endpoint.ts";
import { entrance } from "./entrance.ts";
import { advertised } from "./advertised.ts";
import { dataPeer } from "./data-peer.ts";
import { isChosenByUser } from "./pool.ts";
import { route } from "./route.ts";
import { logLevel, log } from "./log-schema.ts";
import { nearest } from "./nearest.ts";
import { limits, timeouts } from "./limits-schema.ts";
import { clientSideTls, policyTls, serverSideTls, sharedTls, tlsOfSome } from "./tls-schema.ts";
import { anyKeyOf, choice, count, hasNoUnknownKey, listOf, scalar, size } from "./scalars.ts";
import { shared } from "./shared-schema.ts";
import {
  expected,
  parseAdminHost,
  parseCidr,
  parseFile,
  parseListen,
  parseMark,
  parseMarkMask,
  parseName,
  parsePortRange,
  parseTable,
  parseUser,
  parseUserPattern,
  parseVerb,
} from "./settings.ts";
import { workers } from "./workers.ts";
import type { DataPlaneChoice, DataPorts, GatewayOptions } from "../gateway/options.ts";
import type { ForeignAddress } from "../session/options.ts";
import type { DriverChoice } from "./config.ts";

type ServerMode = GatewayOptions["serverSide"]["mode"];

const mebibyte = 1024 * 1024;

const admin = z
  .strictObject({
    // It tells who transfers what: loopback unless the operator decides otherwise.
    listen: scalar(parseListen).default({ address: "127.0.0.1", port: 9121 }),
    hosts: listOf(scalar(parseAdminHost)).default([]),
    token: z.strictObject({ file: scalar(parseFile) }).exactOptional(),
    open: z.boolean().default(false),
  })
  .refine(({ listen, token, open }) => addressKind(listen.address) === "loopback" || token !== undefined || open, {
    error:
      "whoever reaches this address reads who transfers what: " +
      "set admin.token, or admin.open: true where only your monitoring reaches it",
    path: ["listen"],
  });

const history = z.strictObject({
  sessions: count(1_000_000, 0).default(1000),
  failures: count(1_000_000, 0).default(1000),
  bytesPerSession: size(4096, 16 * mebibyte).default(64 * 1024),
  total: size(4 * mebibyte, 1024 * mebibyte).default(64 * mebibyte),
});

const advertiseTo = z
  .strictObject({ clients: scalar(parseCidr), address: advertised })
  .refine(({ clients, address }) => typeof address === "object" || familyOf(clients.base) === familyOf(address), {
    error: "must be of the same address family as clients",
    path: ["address"],
  });

const mappedPorts = z
  .strictObject({ listen: scalar(parsePortRange), advertise: scalar(parsePortRange) })
  .refine(({ listen, advertise }) => advertise.last - advertise.first === listen.last - listen.first, {
    error: "must have as many ports as listen: they are told in order",
    path: ["advertise"],
  })
  .transform(({ listen, advertise }): DataPorts => ({ ...listen, advertised: advertise }));

const dataPorts = z.union([scalar(parsePortRange), mappedPorts], {
  error({ input }) {
    const range = parsePortRange(input);
    return "problem" in range ? range.problem : undefined;
  },
});

const clientSide = z.strictObject({
  advertise: advertised.exactOptional(),
  advertiseTo: z.array(advertiseTo).default([]),
  dataPorts: dataPorts.exactOptional(),
  dataPeer,
  dataProxyProtocol: z.boolean().default(false),
  tls: clientSideTls.exactOptional(),
});

const serverSide = z.strictObject({
  mode: choice<ServerMode>({ same: true, passive: true, active: true, auto: true }).default("same"),
  advertise: advertised.exactOptional(),
  dataPorts: dataPorts.exactOptional(),
  dataPeer,
  tls: serverSideTls.exactOptional(),
});

const foreignAddress = z.union(
  [
    choice<Exclude<ForeignAddress["kind"], "allow">>({ "use-peer": true, refuse: true }),
    z.strictObject({ allow: listOf(scalar(parseCidr), "needs at least one network") }),
  ],
  {
    error: ({ input }) =>
      expected("use-peer, refuse or { allow: [networks] }", input, nearest(String(input), ["use-peer", "refuse"])),
  },
);

const verb = scalar(parseVerb);

const commands = z
  .strictObject({ deny: listOf(verb).exactOptional(), allow: listOf(verb, "needs at least one verb").optional() })
  .refine((given) => "deny" in given !== "allow" in given, {
    error: "needs exactly one of deny, allow",
    when: hasNoUnknownKey,
  })
  .meta({ oneOf: anyKeyOf(["deny", "allow"]) });

const minDataPort = count(65535, 0);

const policy = z.strictObject({
  foreignAddress: foreignAddress.default("use-peer"),
  // RFC 2577: a well-known port is never a data port, but it may be a victim's service.
  minDataPort: minDataPort.default(1024),
  commands: commands.default({ deny: [] }),
  readOnly: z.boolean().default(false),
  anonymousOnly: z.boolean().default(false),
  // A web page in a client's browser can speak FTP, but it has no login.
  pinholesBeforeLogin: z.boolean().default(false),
  tellInnerAddresses: z.boolean().default(false),
  tls: policyTls.default("refuse"),
});

const overrides = {
  foreignAddress: foreignAddress.exactOptional(),
  minDataPort: minDataPort.exactOptional(),
  commands: commands.exactOptional(),
  readOnly: z.boolean().exactOptional(),
  anonymousOnly: z.boolean().exactOptional(),
  pinholesBeforeLogin: z.boolean().exactOptional(),
  tls: tlsOfSome.exactOptional(),
};

const policyEntry = z
  .strictObject({
    clients: listOf(scalar(parseCidr), "needs at least one network").exactOptional(),
    users: listOf(scalar(parseUserPattern), "needs at least one user").exactOptional(),
    ...overrides,
  })
  .refine((entry) => entry.clients !== undefined || entry.users !== undefined, {
    error: "needs clients or users; what holds for everybody stands in policy",
  })
  .refine((entry) => Object.keys(overrides).some((key) => key in entry), {
    error: `changes nothing: needs one of ${Object.keys(overrides).join(", ")}`,
  })
  .refine(({ users, pinholesBeforeLogin }) => users === undefined || pinholesBeforeLogin === undefined, {
    error: "has no meaning with users: who the user is shows when the server has accepted a login",
    path: ["pinholesBeforeLogin"],
  })
  .meta({
    allOf: [{ anyOf: anyKeyOf(["clients", "users"]) }, { anyOf: anyKeyOf(Object.keys(overrides)) }],
    not: { required: ["users", "pinholesBeforeLogin"] },
  });

const probe = z.strictObject({
  user: scalar(parseUser).default("anonymous"),
  passwordFile: scalar(parseFile).exactOptional(),
});

/** Something is forbidden that nobody could see under TLS which passes through. */
export function isLimiting(
  {
    readOnly,
    anonymousOnly,
    commands: { allow, deny = [] },
  }: Pick<z.output<typeof policy>, "readOnly" | "anonymousOnly" | "commands">,
  entries: readonly z.output<typeof policyEntry>[],
): boolean {
  return readOnly || anonymousOnly || allow !== undefined || deny.length > 0 || entries.some(({ users }) => users);
}

const gateway = z
  .strictObject({
    name: scalar(parseName).exactOptional(),
    log: z.strictObject({ level: logLevel.exactOptional() }).prefault({}),
    listen: listOf(entrance, "needs at least one endpoint").transform((endpoints) => endpoints.flat()),
    route,
    clientSide: clientSide.prefault({}),
    serverSide: serverSide.prefault({}),
    dataPlane: choice<DataPlaneChoice>({ auto: true, relay: true, splice: true, kernel: true }).default("auto"),
    policy: policy.prefault({}),
    policies: z.array(policyEntry).default([]),
    limits: limits.prefault({}),
    timeouts: timeouts.prefault({}),
    probe: probe.prefault({}),
  })
  .refine((given) => given.route.transparent?.advertise !== "server" || given.clientSide.dataPorts, {
    error: "needs clientSide.dataPorts, which the rules that intercept data connections name",
    path: ["route", "transparent", "advertise"],
  })
  .refine(
    ({ route: { transparent: { method } = {} }, clientSide: { advertise } }) => method !== "tproxy" || !advertise,
    {
      error: "has no meaning with method: tproxy, where clients are told the server's own address",
      path: ["clientSide", "advertise"],
    },
  )
  .refine(({ listen, policy: { tls } }) => tls !== "refuse" || listen.every((one) => one.tls === undefined), {
    error: "tls: implicit needs policy.tls: passthrough or terminate",
    path: ["listen"],
  })
  .refine(({ policy: { tls }, route: { login: names } }) => tls !== "passthrough" || names === undefined, {
    error: "passthrough has no meaning with route.login: clients say AUTH before USER names the server",
    path: ["policy", "tls"],
  })
  .refine(
    ({ listen, clientSide: { dataProxyProtocol } }) => !dataProxyProtocol || listen.some((one) => one.proxyProtocol),
    {
      error: "needs an entrance with proxyProtocol, whose balancers are believed",
      path: ["clientSide", "dataProxyProtocol"],
    },
  )
  .refine(({ policy: { tls }, route: leads }) => tls !== "passthrough" || !isChosenByUser(leads), {
    error: "passthrough has no meaning with users, hosts or user-hash: clients say AUTH before USER tells the server",
    path: ["policy", "tls"],
  })
  .refine(({ policy: { tls, ...held }, policies }) => tls !== "passthrough" || !isLimiting(held, policies), {
    error:
      "passthrough hides commands and users: it has no meaning with readOnly, anonymousOnly, commands, or users in policies",
    path: ["policy", "tls"],
  })
  .refine(
    ({ route: { servers: several }, policy: { tls }, listen }) =>
      several === undefined || tls !== "passthrough" || listen.every((one) => one.tls === undefined),
    {
      error: "tls: implicit that passes through has no meaning with route.servers: no server greets",
      path: ["listen"],
    },
  )
  .refine(
    ({ route: { servers: several }, serverSide: { tls } }) => several === undefined || !asksTls(tls) || tls?.name,
    {
      error: "is needed with route.servers: one name that the certificate of each server is for",
      path: ["serverSide", "tls", "name"],
    },
  );

/** Servers are to be recognised by a name in their certificates. */
function asksTls(tls: z.output<typeof serverSide>["tls"]): boolean {
  return tls !== undefined && tls.mode !== "off" && tls.verify;
}

// What the kernel data plane is known by on this machine; defaults as in dataplane/kernel.
const kernel = z
  .strictObject({
    table: scalar(parseTable).default("ftp_alg"),
    mark: scalar(parseMark).default(0x46000000),
    mask: scalar(parseMarkMask).default(0xff000000),
  })
  .refine(({ mark, mask }) => (mark & ~mask) === 0, { error: "has bits outside kernel.mask", path: ["mark"] });

export const fileSchema = z.strictObject({
  log: log.prefault({}),
  admin: admin.exactOptional(),
  workers: workers.default(1),
  tls: sharedTls.prefault({}),
  shared: shared.exactOptional(),
  history: history.prefault({}),
  driver: choice<DriverChoice>({ auto: true, node: true, loop: true }).default("auto"),
  kernel: kernel.prefault({}),
  gateways: z.array(gateway).min(1, { error: "needs at least one gateway" }),
});

export type FileSettings = z.output<typeof fileSchema>;

/** As YAML or JSON gives it. The compiler knows the keys; values that have a text of their own, such as endpoints, are looked at when it is read. */
export type FileDocument = z.input<typeof fileSchema>;
