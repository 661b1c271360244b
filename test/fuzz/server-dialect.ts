// Server bytes for fuzz tests: a grammar of replies in any order, every form of a 227 and a 229, multi-line replies that nest,
// never end or end oddly; and how a server that answers in order may answer each command.
import fc from "fast-check";
import { mutated } from "./mutations.ts";

const dataPort = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1024, max: 65535 }) },
  fc.constantFrom(0, 21, 1023, 70000),
);
const address = fc.constantFrom(
  "10,0,0,5",
  "10,0,0,5",
  "10,0,0,5",
  "0,0,0,0",
  "192,168,77,1",
  "127,0,0,1",
  "203,0,113,9",
  "300,1,1,1",
);

/** `{}` stands for the endpoint. */
const forms227 = [
  ...[
    "Entering Passive Mode ({}).",
    "Entering Passive Mode ({})",
    "Entering Passive Mode {}",
    "={}",
    "( {} )",
    "Port 2 open ({})",
  ],
  ...["Mode (1,2,3) ({})", "{}", "nothing", "Entering Passive Mode ({},7)", "Entering Passive Mode (", "({}) or ({})"],
];
const forms229 = [
  ...[
    "Entering Extended Passive Mode (|||{}|)",
    "Extended (!!!{}!)",
    "Extended |||{}|",
    "(|1|10.0.0.5|{}|)",
    "(|2|fd00:2::5|{}|)",
  ],
  ...["(2) (|||{}|)", "(|||{})", "nothing", "( ||| {} | )", "(|||{}|) (|||1|)"],
];

const reply227 = fc
  .tuple(fc.constantFrom(...forms227), address, dataPort, fc.constantFrom(",", ",", ", "))
  .map(([form, host, port, comma]) => {
    const numbers = `${host},${port >> 8},${port & 255}`.replaceAll(",", comma);
    return `227 ${form.replaceAll("{}", numbers)}`;
  });
const reply229 = fc
  .tuple(fc.constantFrom(...forms229), dataPort)
  .map(([form, port]) => `229 ${form.replaceAll("{}", String(port))}`);

const codes = [
  ...[
    110, 120, 125, 150, 150, 150, 200, 200, 202, 211, 213, 214, 220, 221, 225, 226, 226, 226, 227, 229, 230, 234, 250,
    257,
  ],
  ...[
    331, 332, 350, 421, 425, 426, 450, 451, 452, 500, 501, 502, 503, 504, 522, 530, 532, 550, 552, 553, 631, 99, 700,
    999,
  ],
];
const words = fc.constantFrom("Fine.", "", "x\0y", "\xc3\xa4\xff", "150 in 226", "a\rb", "y".repeat(90));
const onlyLine = fc
  .tuple(fc.constantFrom(...codes), fc.constantFrom(" ", " ", " ", " ", "\t", "", ":"), words)
  .map(([code, separator, text]) => `${code}${separator}${text}`);

const middle = fc.constantFrom(
  " middle",
  "",
  "226 other",
  "227 (10,0,0,5,200,10)",
  " 211 End",
  "211-SIZE",
  " EPSV",
  " AUTH TLS",
  " MLST a*;",
  "x",
);
const lineEnd = fc.constantFrom("\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\r\n");

function multiLine(code: number, first: string, middles: readonly string[], last: string | undefined): string {
  const ending = last === undefined ? "" : `${code}${last}\r\n`;
  return `${code}-${first}\r\n${middles.map((text) => `${text}\r\n`).join("")}${ending}`;
}

const anyMultiLine = fc
  .tuple(
    fc.constantFrom(...codes),
    words,
    fc.array(middle, { maxLength: 4 }),
    fc.constantFrom(" End", " End", "", "-End", undefined),
  )
  .map(([code, first, middles, last]) => multiLine(code, first, middles, last));

const oneLine = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: onlyLine },
      { weight: 3, arbitrary: reply227 },
      { weight: 2, arbitrary: reply229 },
    ),
    lineEnd,
  )
  .map((parts) => parts.join(""));
/** Options that a server asks for before it says anything, and what it leaves unfinished. */
const telnet = fc.constantFrom(
  "",
  "",
  "",
  "",
  "",
  "\xff\xfb\x01",
  "\xff\xfd\x03\xff\xfe\x01",
  "\xff\xf1",
  "\xff\xfa\x18x\xff\xf0",
  "\xff",
  "\xff\xfb",
  "\xff\xff",
);
const reply = fc
  .tuple(telnet, fc.oneof({ weight: 6, arbitrary: oneLine }, { weight: 2, arbitrary: anyMultiLine }))
  .map((parts) => parts.join(""));
const stray = fc.constantFrom(
  "\r\n",
  "hello\r\n",
  " 227 (10,0,0,5,200,10)\r\n",
  "2271 (10,0,0,5,200,10)\r\n",
  "2290 (|||51210|)\r\n",
  "\0\0\0",
  "no end",
  "\xff\xfb\x01".repeat(120),
);
const flood = fc.constantFrom(
  ...[
    "200 ok\r\n".repeat(80),
    `211-Features\r\n${" EPSV\r\n".repeat(700)}`,
    "150 x\r\n".repeat(80),
    "\n".repeat(80),
    "z".repeat(700),
  ],
  `227 Passive (10,0,0,5,200,10)\r\n`.repeat(20),
);

/** One piece of what a server sends, latin1: mostly whole replies. */
export const serverBytes: fc.Arbitrary<string> = fc.oneof(
  { weight: 10, arbitrary: reply },
  { weight: 3, arbitrary: fc.array(reply, { minLength: 2, maxLength: 4 }).map((replies) => replies.join("")) },
  { weight: 2, arbitrary: mutated(reply) },
  { weight: 1, arbitrary: stray },
  { weight: 1, arbitrary: flood },
);

/** A reply of a server that keeps to the order: a code that fits the command, in one line or in several. */
export type OrderlyReply = { readonly code: number; readonly lines: number; readonly text: string };

const plainCodes = [200, 250, 257, 213, 350, 500, 502, 550, 450, 530];
const codesByVerb: Readonly<Record<string, readonly number[]>> = {
  USER: [331, 230, 530],
  PASS: [230, 202, 530, 332],
  ACCT: [230, 202],
  PASV: [227, 227, 227, 227, 500, 502, 425, 530],
  EPSV: [229, 229, 229, 229, 500, 522, 425],
  PORT: [200, 200, 200, 500, 501, 425],
  EPRT: [200, 200, 200, 500, 522],
  QUIT: [221],
  FEAT: [211, 211, 500],
  REIN: [220, 220, 502],
  ABOR: [226, 225, 226, 502],
};

/** The codes that may answer a command; a transfer has codes of its own. */
export function orderlyCodes(verb: string): readonly number[] {
  return codesByVerb[verb] ?? plainCodes;
}

export function formatOrderly(code: number, text: string, lines: number): string {
  return lines === 0
    ? `${code} ${text}\r\n`
    : multiLine(
        code,
        text,
        Array.from({ length: lines }, () => " EPSV"),
        " End.",
      );
}

export const passive227: readonly string[] = forms227.slice(0, 7);
export const extended229: readonly string[] = forms229.slice(0, 6);
