// Telnet prefix: Telnet commands in front of a line of the server's (RFC 854, RFC 1123 4.1.2.12). They are taken out, options
// are refused, and everything else stays where it is: inside a line they are the client's to read.

/** `answers`: one for each command, perhaps empty. `end`: where the line begins, behind `text`, which looked like a Telnet command and is none. */
export type Prefix = {
  readonly answers: readonly string[];
  readonly end: number;
  readonly text: string;
  readonly isTooLong: boolean;
};

export type TelnetPrefix = {
  /** Of a line that begins at `from`; `isWhole`: it ends at `to`, and what is unfinished is dropped. */
  read(chunk: Uint8Array, from: number, to: number, isWhole: boolean): Prefix;
};

const subnegotiationEnd = 0xf0;
const subnegotiation = 0xfa;
const will = 0xfb;
const wont = 0xfc;
const doIt = 0xfd;
const dont = 0xfe;
const iac = 0xff;

const none: readonly string[] = [];

/** A chunk may end anywhere within a command. More than `maxBytes` of them before one line are a line that is too long. */
export function createTelnetPrefix(maxBytes: number): TelnetPrefix {
  let state: "none" | "iac" | "option" | "block" | "block-iac" = "none";
  let verb = 0;
  let count = 0;
  let answers: string[] = [];

  /** Returns whether the byte belongs to a command; `text` is what was none. */
  function take(byte: number): { readonly isTaken: boolean; readonly text: string } {
    switch (state) {
      case "none":
        if (byte !== iac) return { isTaken: false, text: "" };
        state = "iac";
        break;
      case "iac":
        state = "none";
        if (byte < subnegotiationEnd) return { isTaken: false, text: "\xff" };
        if (byte === iac) return { isTaken: true, text: "\xff\xff" };
        if (byte === subnegotiation) state = "block";
        else if (byte >= will) state = "option";
        else answers.push("");
        verb = byte;
        break;
      case "option":
        state = "none";
        answers.push(refusalOf(verb, byte));
        break;
      case "block":
        if (byte === iac) state = "block-iac";
        break;
      case "block-iac":
        state = byte === subnegotiationEnd ? "none" : "block";
        if (state === "none") answers.push("");
        break;
    }
    count += 1;
    return { isTaken: true, text: "" };
  }

  function ended(end: number, text: string): Prefix {
    const prefix = { answers, end, text, isTooLong: false };
    answers = [];
    count = 0;
    return prefix;
  }

  return {
    read(chunk, from, to, isWhole) {
      if (state === "none" && chunk[from] !== iac) return { answers: none, end: from, text: "", isTooLong: false };
      for (let at = from; at < to; at += 1) {
        const { isTaken, text } = take(chunk[at] ?? 0);
        if (!isTaken || text !== "") return ended(isTaken ? at + 1 : at, text);
        if (count > maxBytes) {
          state = "none";
          return { ...ended(to, ""), isTooLong: true };
        }
      }
      const kept = count;
      const text = isWhole && state === "iac" ? "\xff" : "";
      if (isWhole) state = "none";
      const prefix = ended(to, text);
      count = isWhole ? 0 : kept;
      return prefix;
    },
  };
}

/** WONT and DONT state what is the case anyway; answering them could loop. */
function refusalOf(verb: number, option: number): string {
  if (verb === wont || verb === dont) return "";
  return String.fromCharCode(iac, verb === doIt ? wont : dont, option);
}
