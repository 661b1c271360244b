// Manual page ftp-alg(1), made from the descriptions of the commands, in the macros of man(7).
import { type Command, flagOf, type Option } from "./command.ts";

/** `deploy/man/ftp-alg.1`. */
export function manPage(commands: readonly Command[], version: string): string {
  return `${[
    `.TH FTP-ALG 1 "" "ftp-alg ${version}" "User Commands"`,
    // Ragged at the right, and no words are broken.
    ".ad l",
    ".nh",
    ".SH NAME",
    String.raw`ftp-alg \- firewall- and NAT-aware FTP gateway`,
    ".SH SYNOPSIS",
    String.raw`.B ftp-alg`,
    ".I COMMAND",
    "[\\fIOPTIONS\\fR]",
    ".SH DESCRIPTION",
    ...paragraphs([
      "A proxy for FTP control connections. It rewrites the addresses that FTP announces inside them (PORT, EPRT, 227, 229), opens " +
        "one pinhole for each data connection, carries the data, and tells with metrics, logs and pictures what happened.",
      "A configuration is a file in YAML. The handbook that comes with the package names every key; `ftp-alg schema` prints " +
        "them for an editor.",
    ]),
    ".SH COMMANDS",
    ...commands.flatMap(section),
    ".SH EXIT STATUS",
    ...item("0", "Done."),
    ...item("1", "Failed while running, or what was asked for is not there: each command says when."),
    ...item("2", "Wrong usage, or a wrong configuration."),
    ".SH SIGNALS",
    "Of a running gateway:",
    ...item("SIGTERM, SIGINT", "Accept nobody new, let running transfers end, and end. A second one ends at once."),
    ...item(
      "SIGUSR2",
      "Start this program once more, to take the place of this process: no client is refused, no transfer cut.",
    ),
    ...item("SIGHUP", "Read the configuration again. If anything is wrong with it, the old one goes on."),
    ".SH ENVIRONMENT",
    ...paragraphs([
      "`${NAME}` and `${NAME:-default}` in a value of the configuration stand for variables of the environment.",
    ]),
    ".SH FILES",
    ...item("/etc/ftp-alg/config.yml", "The configuration that the systemd unit of the package names."),
    ".SH EXAMPLES",
    ...commands.flatMap(({ examples }) => examples.flatMap(([line, what]) => example(line, what))),
    ".SH SEE ALSO",
    String.raw`.BR systemd (1),`,
    ".BR nft (8)",
  ].join("\n")}\n`;
}

function section({ name, summary, text, operand, options }: Command): string[] {
  const given = [
    ...(Object.keys(options).length > 0 ? ["[OPTIONS]"] : []),
    ...(operand ? [operand.isRequired ? operand.name : `[${operand.name}]`] : []),
  ];
  return [
    `.SS "ftp-alg ${name} ${given.join(" ")}"`,
    ...paragraphs([`${summary[0]?.toUpperCase() ?? ""}${summary.slice(1)}.`, ...text]),
    ...(operand ? item(operand.name, sentence(operand.what, operand.choices)) : []),
    ...Object.entries(options).flatMap(([key, option]) => optionItem(key, option)),
  ];
}

function optionItem(key: string, { value, short, what, choices }: Option): string[] {
  const names = [...(short === undefined ? [] : [`-${short}`]), flagOf(key)].map(
    (name) => String.raw`\fB${escaped(name)}\fR`,
  );
  const takes = value === undefined ? "" : ` \\fI${escaped(value)}\\fR`;
  return [".TP", `${names.join(", ")}${takes}`, escaped(sentence(what, choices))];
}

function sentence(what: string, choices?: readonly string[]): string {
  return `${what[0]?.toUpperCase() ?? ""}${what.slice(1)}${choices ? `: ${choices.join(", ")}` : ""}.`;
}

function item(term: string, text: string): string[] {
  return [".TP", String.raw`\fB${escaped(term)}\fR`, escaped(text)];
}

function example(line: string, what: string): string[] {
  return [
    ".TP",
    escaped(`${what[0]?.toUpperCase() ?? ""}${what.slice(1)}`),
    String.raw`\fBftp-alg ${escaped(line)}\fR`,
  ];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => [...(index === 0 ? [] : [".PP"]), ...lines(escaped(text))]);
}

/** One sentence a line, as roff wants it. */
function lines(text: string): string[] {
  return text.split(/(?<=[.?!]) (?=[A-Z\\])/);
}

/** What roff would take for its own: backslashes, hyphens that are minus signs, a dot or quote that begins a line; `code` is bold. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replaceAll(/`([^`]*)`/g, String.raw`\fB$1\fR`)
    .replace(/^(?=[.'])/, "\\&");
}
