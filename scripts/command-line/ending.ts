import type { Command } from 'commander';

/** Where a command line tells of mistakes, and how it ends the process. */
export interface CommandLineEnd {
  readonly write: (text: string) => void;
  readonly exit: (code: number) => never;
}

const processEnd: CommandLineEnd = {
  write: (text) => process.stderr.write(text),
  exit: (code) => process.exit(code),
};

/** Help is no result: it goes where progress goes, and ends with 0. A mistake ends with 2. */
export function ending(command: Command, { write, exit }: CommandLineEnd = processEnd): Command {
  return command
    .exitOverride((error) => exit(error.exitCode === 0 ? 0 : 2))
    .configureOutput({ writeOut: write, writeErr: write });
}
