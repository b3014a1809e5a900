import { Command, CommanderError } from 'commander';

import description from '../../package.json' with { type: 'json' };
import type { Perform } from './command.ts';
import { COMMANDS } from './commands.ts';
import { addCompletion } from './completion/completion-command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { weighBuffersWithHeap } from './external-memory.ts';
import { tellFailure } from './failure.ts';
import { processTerminal } from './terminal.ts';

/** Runs the publishers' command line and resolves to its exit code. */
export async function runCli(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.fine;
  const program = new Command('bcdn')
    .description('What publishers and viewers of the BCDN network do from a terminal.')
    .version(description.version, '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(--help shows the options and examples)');
  const perform: Perform = async (name, options, work) => {
    const terminal = processTerminal(options.json === true);
    try {
      exitCode = await work(terminal);
    } catch (failure) {
      exitCode = tellFailure(terminal, name, failure);
    }
  };
  for (const add of COMMANDS) add(program, perform);
  addCompletion(program, (text) => process.stdout.write(text));
  try {
    await program.parseAsync(argv);
  } catch (failure) {
    if (!(failure instanceof CommanderError)) throw failure;
    if (failure.exitCode === 0) return EXIT.fine;
    // Commander has told people; a program that reads stdout gets a document, as of every refusal.
    const { code: reason, message } = failure;
    processTerminal(argv.includes('--json')).document('usage', {
      error: {
        ...{ code: 'USAGE', message: message.replace(/^error: /, ''), values: { reason } },
        remedy: 'See the options with --help.',
      },
    });
    return EXIT.usage;
  }
  return exitCode;
}

weighBuffersWithHeap();
process.exitCode = await runCli(process.argv);
