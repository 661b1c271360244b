// Client bytes for fuzz tests: a grammar of what clients say, with every form of an announcement that the parsers know, and
// what clients do wrong: line ends, Telnet in the middle, other protocols, bytes lost and doubled.
import fc from "fast-check";
import { mutated, spelled } from "./mutations.ts";

const blank = fc.constantFrom("", "", "", " ", "\t", "  ");

/** The client's own address (either family), others, and what is none. */
const address4 = fc.constantFrom("192.168.1.100", "192.168.1.100", "192.168.1.100", "10.9.9.9", "0.0.0.0", "127.0.0.1");
const address6 = fc.constantFrom(
  "fd00:1::100",
  "fd00:1::100",
  "::ffff:192.168.1.100",
  "fe80::1%eth0",
  "2001:db8::1",
  "::",
);
const dataPort = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1024, max: 65535 }) },
  fc.constantFrom(0, 21, 1023, 65536),
);

const hostPort = fc
  .tuple(address4, dataPort, blank, blank, fc.constantFrom("", "", "0", "00"))
  .map(([address, port, before, between, zeros]) => {
    const numbers = [...address.split("."), String(port >> 8), String(port & 255)];
    return before + numbers.map((number) => zeros + number).join(`${between},`);
  });

const extended = fc
  .tuple(
    fc.constantFrom("|", "|", "|", "!", "#", " "),
    fc.constantFrom("1", "2", "3", "01", "x", ""),
    address4,
    address6,
    dataPort,
  )
  .map(([mark, protocol, four, six, port]) =>
    [mark, protocol, mark, protocol === "2" ? six : four, mark, String(port), mark].join(""),
  );

const fileName = fc.constantFrom(
  ...[
    "a.txt",
    "",
    " a",
    "a\r\0b",
    "\xff\xff",
    "\xc3\xa4\xe4",
    "../x",
    "-la",
    "PORT 192,168,1,100,10,21",
    "x".repeat(240),
  ],
);

const fixedCommand = fc.constantFrom(
  ...[
    "PASV",
    "PASV",
    "PASV",
    "EPSV",
    "EPSV",
    "EPSV 1",
    "EPSV 2",
    "EPSV 3",
    "EPSV ALL",
    "PASV x",
    "LPSV",
    "LPRT 4,4,1,2,3,4,2,1,2",
  ],
  ...[
    "ABOR",
    "ABOR",
    "STAT",
    "NOOP",
    "NOOP",
    "FEAT",
    "FEAT",
    "REIN",
    "QUIT",
    "QUIT now",
    "PWD",
    "TYPE I",
    "REST 5",
    "PRET RETR a",
  ],
  ...[
    "ALGS STATUS64",
    "ALGS DISABLE64",
    "ALGS ENABLE64",
    "ALGS",
    "AUTH TLS",
    "AUTH SSL",
    "PBSZ 0",
    "PROT P",
    "CCC",
    "CPSV",
    "SSCN",
  ],
  ...[
    "USER u",
    "HOST ftp.example.com",
    "OPTS UTF8 ON",
    "PASS p",
    "ACCT a",
    "USER u@10.0.0.5",
    "USER u@ftp.example.com:2121",
    "USER u@127.0.0.1",
    "OPEN 10.0.0.5",
  ],
  ...["SITE 10.0.0.5", "SITE CHMOD 644 a", "OPTS UTF8 ON", "HOST x", "MODE Z", "XLST", "", " ", "\t"],
);

/** Whatever speaks to port 21 and is no FTP. */
const foreign = fc.constantFrom(
  ...["GET / HTTP/1.1", "POST / HTTP/1.1", "Host: x", "EHLO x", "SSH-2.0-x", "\x16\x03\x01\0\xa5\x01\0\0\xa1"],
);

const fileCommand = fc
  .tuple(
    fc.constantFrom("RETR", "STOR", "LIST", "NLST", "MLSD", "APPE", "STOU", "CWD", "SIZE", "STAT", "MDTM"),
    fileName,
  )
  .map(([verb, name]) => (name === "" ? verb : `${verb} ${name}`));

const separator = fc.constantFrom(" ", " ", " ", "\t", "  ", "", "\v", "\xa0", "\r\0");
const announcement = fc.oneof(
  fc
    .tuple(fc.constant("PORT"), separator, hostPort, fc.constantFrom("", "", "", " ", ",7"))
    .map((parts) => parts.join("")),
  fc
    .tuple(fc.constant("EPRT"), separator, extended, fc.constantFrom("", "", "", " ", "|"))
    .map((parts) => parts.join("")),
);

/** A command without its line end. */
export const command: fc.Arbitrary<string> = fc.oneof(
  { weight: 7, arbitrary: fixedCommand },
  { weight: 5, arbitrary: announcement },
  { weight: 5, arbitrary: fileCommand },
);

const lineEnd = fc.constantFrom(
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\n",
  "\r\r\n",
  "\r\0\r\n",
  "\r",
  "\0\r\n",
  "",
);

/** Negotiation, a synch, what is left of one, a block, a doubled and an undoubled byte 0xff. */
const telnet = fc.constantFrom(
  ...[
    "\xff\xfb\x01",
    "\xff\xfd\x03",
    "\xff\xfe\x06",
    "\xff\xf4\xff\xf2",
    "\xf2",
    "\xff\xf1",
    "\xff\xfa\x18\0x\xff\xf0",
    "\xff\xff",
    "\xff",
  ],
);

const telnetAt = fc.tuple(telnet, fc.nat({ max: 20 }));

const line = fc
  .tuple(fc.oneof({ weight: 16, arbitrary: spelled(command) }, foreign), lineEnd, fc.option(telnetAt, { freq: 6 }))
  .map(([text, end, inserted]) => {
    const whole = text + end;
    if (inserted === null) return whole;
    const [bytes, at] = inserted;
    return whole.slice(0, at % (whole.length + 1)) + bytes + whole.slice(at % (whole.length + 1));
  });

const plainLine = command.map((text) => `${text}\r\n`);
const pipelined = fc.array(fc.oneof(plainLine, line), { minLength: 1, maxLength: 5 }).map((lines) => lines.join(""));
const flood = fc.constantFrom(
  "\n".repeat(40),
  "NOOP\r\n".repeat(40),
  "PASV\r\n".repeat(20),
  "STAT\r\n".repeat(30),
  "x".repeat(700),
);

/** One piece of what a client sends, latin1: mostly whole lines. */
export const clientBytes: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: plainLine },
  { weight: 5, arbitrary: pipelined },
  { weight: 4, arbitrary: line },
  { weight: 3, arbitrary: mutated(pipelined) },
  { weight: 1, arbitrary: flood },
);

/**
 * What clients that know FTP send: whole commands, whatever their form. No ABOR: after a transfer that the gateway has answered in
 * the server's place, nobody can tell whose a 226 is.
 */
export const orderlyClientBytes: fc.Arbitrary<string> = fc
  .array(spelled(command.filter((text) => text !== "ABOR")), { minLength: 1, maxLength: 4 })
  .map((commands) => commands.map((text) => `${text}\r\n`).join(""));
