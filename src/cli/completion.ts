// Completion: what the shells bash, zsh and fish load to complete command lines, made from the descriptions of the commands.
import { type Command, flagOf, type Option } from "./command.ts";

export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

/** A script for the shell to load. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  if (shell === "bash") return forBash(commands);
  return shell === "zsh" ? forZsh(commands) : forFish(commands);
}

type FlagOption = readonly [flag: string, option: Option];

function optionsOf({ options }: Command): FlagOption[] {
  const own = Object.entries(options).map(([key, option]): FlagOption => [flagOf(key), option]);
  return [...own, ["--help", { short: "h", what: "print its help" }]];
}

/** Both names of an option. */
function namesOf([flag, { short }]: FlagOption): string[] {
  return short === undefined ? [flag] : [flag, `-${short}`];
}

function forBash(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  const values = commands.flatMap((command) =>
    optionsOf(command)
      .filter(([, { value }]) => value !== undefined)
      .map(([flag, { isFile, choices = [] }]) => {
        const reply = isFile ? "files=1" : `words="${choices.join(" ")}"`;
        return `    ${command.name}:${flag}) ${reply} ;;`;
      }),
  );
  const words = commands.map((command) => {
    const all = [...optionsOf(command).flatMap((option) => namesOf(option)), ...(command.operand?.choices ?? [])];
    return `      ${command.name}) words="${all.join(" ")}"${command.operand?.isFile ? " files=1" : ""} ;;`;
  });
  return `# bash completion of ftp-alg. Load it: source <(ftp-alg completion bash)
_ftp_alg() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command="" words="" files="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in ${[...names, "help"].join("|")}) command=\${COMP_WORDS[i]}; break ;; esac
  done
  case $command:$before in
${values.join("\n")}
    *) case $command in
      "") words="${names.join(" ")} help --help --version" ;;
      help) words="${names.join(" ")}" ;;
${words.join("\n")}
    esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [[ $files && $current != -* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _ftp_alg ftp-alg
`;
}

function forZsh(commands: readonly Command[]): string {
  const listed = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map((command) => {
    const specs = optionsOf(command).flatMap((option) => zshOption(option));
    const { operand } = command;
    if (operand) specs.push(`:${operand.name}:${operand.isFile ? "_files" : `(${(operand.choices ?? []).join(" ")})`}`);
    return `    ${command.name}) _arguments -s ${specs.map(quoted).join(" ")} ;;`;
  });
  return `#compdef ftp-alg
# zsh completion of ftp-alg. Load it: source <(ftp-alg completion zsh)
_ftp_alg() {
  local -a commands=(
${listed.join("\n")}
    'help:print the help of a command'
  )
  if ((CURRENT == 2)); then
    _describe -t commands command commands
    [[ $PREFIX == -* ]] && _arguments '--help[print the help]' '--version[print the version]'
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${cases.join("\n")}
    help) _describe -t commands command commands ;;
  esac
}
if [[ $funcstack[1] == _ftp_alg ]]; then _ftp_alg "$@"; else compdef _ftp_alg ftp-alg; fi
`;
}

function zshOption(option: FlagOption): string[] {
  const [, { what, value, isFile, isRepeated, choices }] = option;
  const action = isFile ? "_files" : choices ? `(${choices.join(" ")})` : " ";
  const tail = value === undefined ? "" : `:${value.replaceAll(":", "\\:")}:${action}`;
  return namesOf(option).map((name) => `${isRepeated ? "*" : ""}${name}[${what.replaceAll(/[[\]:]/g, "\\$&")}]${tail}`);
}

function forFish(commands: readonly Command[]): string {
  const first = [...commands.map(({ name, summary }) => [name, summary]), ["help", "print the help of a command"]].map(
    ([name = "", summary = ""]) => `complete -c ftp-alg -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
  );
  const below = commands.flatMap((command) => {
    const start = `complete -c ftp-alg -n ${quoted(`__fish_seen_subcommand_from ${command.name}`)}`;
    const options = optionsOf(command).map(([flag, { short, what, value, isFile, choices }]) => {
      const names = `-l ${flag.slice(2)}${short === undefined ? "" : ` -s ${short}`}`;
      const takes =
        value === undefined ? "" : isFile ? " -rF" : ` -x${choices ? ` -a ${quoted(choices.join(" "))}` : ""}`;
      return `${start} ${names}${takes} -d ${quoted(what)}`;
    });
    const { operand } = command;
    if (operand?.isFile) options.push(`${start} -F`);
    if (operand?.choices) options.push(`${start} -a ${quoted(operand.choices.join(" "))}`);
    return options;
  });
  const names = commands.map(({ name }) => name).join(" ");
  return `# fish completion of ftp-alg. Load it: ftp-alg completion fish | source
complete -c ftp-alg -f
${first.join("\n")}
complete -c ftp-alg -n '__fish_seen_subcommand_from help' -a ${quoted(names)}
${below.join("\n")}
`;
}

/** In single quotes, as each of the shells reads them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
