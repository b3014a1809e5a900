import { Argument, type Command } from 'commander';

import { bashScript } from './bash-script.ts';
import { commandTree, type CompletedCommand } from './command-tree.ts';
import { fishScript } from './fish-script.ts';
import { zshScript } from './zsh-script.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (program: string, tree: CompletedCommand) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/**
 * The script that teaches a shell the commands, options and values of a program, read off the program itself: a command
 * that is added is completed without anything being written here. Options whose placeholder is `<file>` or `<directory>`,
 * or whose name ends in `-file` or `-dir`, complete paths; `choices` are offered; of other values nothing is.
 */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](program.name(), commandTree(program));
}

/**
 * Adds `completion <shell>` to a program; both command lines use it, after all other commands.
 *
 * @example
 * addCompletion(program, (text) => process.stdout.write(text));
 */
export function addCompletion(program: Command, write: (text: string) => void): void {
  const name = program.name();
  program
    .command('completion')
    .exitOverride()
    .description('print a script that lets your shell complete commands and options')
    .addArgument(new Argument('<shell>', 'the shell that you type in').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  $ source <(${name} completion bash)                                  now; in ~/.bashrc for good
  $ ${name} completion zsh > "\${fpath[1]}/_${name}"                      then start a new shell
  $ ${name} completion fish > ~/.config/fish/completions/${name}.fish`,
    )
    .action((shell: Shell) => write(completionScript(program, shell)));
}
