import { Command, CommanderError } from 'commander';

import description from '../../package.json' with { type: 'json' };
import { addCompletion } from '../../sdk/cli/completion/completion-command.ts';
import { COMMANDS, type Perform } from './commands.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { processTerminal } from '../../sdk/cli/terminal.ts';
import { exitCodeOf, refusalOf, tellError, usageErrorOf } from './failure.ts';
import { absenceOf } from './absence.ts';
import { placedTerminal } from './placed-terminal.ts';

const OTHERS_MAY_NOTHING = 0o077;

/** Runs the operator's command line and resolves to its exit code. */
export async function runCli(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.fine;
  const program = new Command('bcdn-node')
    .description('Run a node of the BCDN network: serve verified bytes, collect receipts, be paid.')
    .version(description.version, '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(--help shows the options and examples)');

  const perform: Perform = async (name, options, work) => {
    const terminal = placedTerminal(processTerminal(options.json === true, 'bcdn-node'), options);
    try {
      exitCode = await work(terminal);
    } catch (failure) {
      const error = refusalOf(await absenceOf(failure, options));
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
    if (error.exitCode === 0) return EXIT.fine;
    // Commander has told people; a program that reads stdout gets a document, as of every refusal.
    processTerminal(argv.includes('--json'), 'bcdn-node').document('usage', { error: usageErrorOf(error) });
    return EXIT.usage;
  }
  return exitCode;
}

// Whatever a command or the node writes is for its owner only, files of libraries too.
process.umask(OTHERS_MAY_NOTHING);
process.exitCode = await runCli(process.argv);
