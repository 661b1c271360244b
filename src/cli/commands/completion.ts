// `ftp-alg completion`, described.
import { defineCommand } from "../command.ts";
import { completionScript, shells } from "../completion.ts";

export const completion = defineCommand({
  name: "completion",
  summary: "print what a shell loads to complete ftp-alg's commands and options",
  text: [
    "Load it in the shell's start-up file, or put it where the shell looks: " +
      "/usr/share/bash-completion/completions/ftp-alg, a folder of zsh's fpath as _ftp-alg, or " +
      "~/.config/fish/completions/ftp-alg.fish.",
  ],
  operand: { name: "SHELL", isRequired: true, choices: shells, what: "the shell" },
  options: {},
  examples: [
    ["completion bash > /usr/share/bash-completion/completions/ftp-alg", "for every user of bash"],
    ["completion fish | source", "for this fish"],
  ],
  run: async ({ operand, commands }, io) => {
    const shell = shells.find((name) => name === operand);
    if (shell !== undefined) io.out(completionScript(shell, commands));
    return 0;
  },
});
