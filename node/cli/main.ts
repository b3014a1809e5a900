import { Command, CommanderError } from 'commander';

import description from '../../package.json' with { type: 'json' };
import { addCompletion } from '../../sdk/cli/completion/completion-command.ts';
import { COMMANDS, type Perform } from './commands.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { processTerminal, tellError } from './terminal.ts';
import { exitCodeOf } from './failure.ts';

/** Runs the operator's command line and resolves to its exit code. */
export async function runCli(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.fine;
  const program = new Command('bcdn-node')
    .description('Run a node of the BCDN network: serve verified bytes, collect receipts, be paid.')
    .version(description.version, '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(--help shows the options and examples)');

  const perform: Perform = async (name, options, work) => {
    const terminal = processTerminal(options.json === true);
    try {
      exitCode = await work(terminal);
    } catch (error) {
      tellError(terminal, name, error);
      exitCode = exitCodeOf(error);
    }
  };
  for (const add of COMMANDS) add(program, perform);
  addCompletion(program, (text) => process.stdout.write(text));

  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  }
  return exitCode;
}

process.exitCode = await runCli(process.argv);
