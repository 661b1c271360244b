// `ftp-alg probe`, described.
import { probeTlsKinds } from "../../process/probe-security.ts";
import { probeModes } from "../../process/probe-target.ts";
import { adminFault, adminOptions, jsonOption } from "../admin-options.ts";
import { defineCommand } from "../command.ts";
import { configOption } from "../config-file.ts";

const defaultTimeout = 15;

export const probe = defineCommand({
  name: "probe",
  summary: "try real logins and transfers through a running gateway",
  text: [
    "For each gateway of a configuration a client logs in and lists in each mode; each hop is ok, or it is said what is wrong with it, " +
      "in the gateway's own words if its admin listener can be asked. It logs in as probe.user of the configuration, which is " +
      "anonymous if left out, or as --user.",
    "It is a client of where it runs: to try what clients on the Internet see, run it there with --connect. With --write a " +
      "file of 4 KiB is uploaded, downloaded, compared and deleted too; a server that forbids that is told apart and is no failure.",
    "Where the gateway terminates TLS it speaks TLS, and goes on in clear only where the configuration lets clients do so and AUTH is " +
      "refused; without a configuration it speaks TLS at port 990 or with --tls. The certificate has to be one of the gateway's own, or one " +
      "that the machine's authorities or --ca have signed, with a date that is not over, for the name that is connected to, --tls-name, or " +
      "the first name of the gateway's first certificate where the gateway is connected to by an address.",
  ],
  options: {
    config: configOption,
    gateway: { value: "NAME", what: "only this one" },
    connect: { value: "HOST:PORT", what: "connect there, in place of a listener of the configuration" },
    server: { value: "HOST", what: "the server, where the gateway takes it from the login or intercepts" },
    user: { value: "NAME", what: "the user" },
    passwordFile: { value: "FILE", isFile: true, what: "holds the password" },
    mode: { value: "MODE", choices: probeModes, what: "each (if left out), passive, active, or one of the four" },
    write: { value: "FOLDER", what: "also upload, download and delete a small file there; . is where the login leads" },
    tls: { value: "KIND", choices: probeTlsKinds, what: "explicit (AUTH TLS), implicit, off, or auto if left out" },
    tlsName: { value: "NAME", what: "the name that the certificate has to be for" },
    ca: { value: "FILE", isFile: true, what: "the authorities that may have signed the certificate" },
    insecure: { what: "take any certificate" },
    cert: { value: "FILE", isFile: true, what: "the certificate to show where one is asked for" },
    key: { value: "FILE", isFile: true, what: "its key" },
    timeout: { value: "SECONDS", what: `how long nothing may happen; ${defaultTimeout} if left out` },
    ...jsonOption,
    ...adminOptions,
    admin: {
      ...adminOptions.admin,
      what: "the admin listener of the running gateway; that of the configuration if left out",
    },
  },
  examples: [
    ["probe -c config.yml", "does it work, in each mode?"],
    ["probe -c config.yml --user alice --password-file pw --write /incoming", "with uploads"],
    ["probe --connect ftp.example.com:21 --mode pasv", "from outside, as a client sees it"],
    [
      "probe --connect ftp.example.com:21 --tls explicit",
      "is its certificate trusted, are its data connections private?",
    ],
  ],
  failure: "a mode has failed, or nothing could be tried",
  fault: ({ flags }) => {
    if (flags.config === undefined && flags.connect === undefined)
      return "what shall be tried? --config FILE, or --connect HOST:PORT";
    if (flags.gateway !== undefined && flags.config === undefined) return "--gateway is one of --config FILE";
    if (flags.user !== undefined && !/^[ -~]+$/.test(flags.user)) return "--user: expected a name of printable ASCII";
    if (flags.write !== undefined && !/^[ -~]+$/.test(flags.write))
      return "--write: expected a folder of printable ASCII";
    if ((flags.cert === undefined) !== (flags.key === undefined)) return "--cert and --key go together";
    if (flags.tlsName !== undefined && !/^[!-~]+$/.test(flags.tlsName))
      return "--tls-name: expected a name of printable ASCII";
    if (flags.timeout !== undefined && !/^[1-9]\d{0,2}$/.test(flags.timeout))
      return `--timeout: expected whole seconds from 1 to 999, got ${flags.timeout}`;
    return adminFault(flags);
  },
  run: async ({ flags }, io) => {
    const { printProbe } = await import("../print-probe.ts");
    const mode = probeModes.find((name) => name === flags.mode) ?? "each";
    const { cert, key } = flags;
    const tls = {
      kind: probeTlsKinds.find((name) => name === flags.tls) ?? ("auto" as const),
      ...{ name: flags.tlsName, ca: flags.ca, isUnverified: flags.insecure },
      certificate: cert === undefined || key === undefined ? undefined : { cert, key },
    };
    return printProbe({ ...flags, mode, tls, timeoutMs: Number(flags.timeout ?? defaultTimeout) * 1000 }, io);
  },
});
