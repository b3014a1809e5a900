import { Command, CommanderError } from 'commander';

import description from '../../package.json' with { type: 'json' };
import { addCompletion } from '../../sdk/cli/completion/completion-command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { describeEarnings, runEarnings } from './earnings.ts';
import { describeInit, runInit } from './init.ts';
import { describeDashboard, runDashboard } from './dashboard.ts';
import { describeDoctor, runDoctor } from './doctor.ts';
import { describeDrain, runDrain } from './drain.ts';
import { describePrice, runPrice } from './price.ts';
import { describeSettle, runSettle } from './settle.ts';
import { describeStake, runStake } from './stake.ts';
import { describeStart, runStart } from './start.ts';
import { describeStatus, runStatus } from './status.ts';
import { describeSupportBundle, runSupportBundle } from './support-bundle.ts';
import { processTerminal, tellError, type Terminal } from './terminal.ts';
import { describeUnstake, runUnstake } from './unstake.ts';
import { describeVerify, runVerify } from './verify.ts';
import { describeWithdraw, runWithdraw } from './withdraw.ts';
import { exitCodeOf } from './failure.ts';

type Run<Options> = (options: Options, terminal: Terminal, args: readonly string[]) => Promise<ExitCode>;

/** Runs the operator's command line and resolves to its exit code. */
export async function runCli(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.fine;
  const program = new Command('bcdn-node')
    .description('Run a node of the BCDN network: serve verified bytes, collect receipts, be paid.')
    .version(description.version, '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(--help shows the options and examples)');

  const add = <Options extends { json?: boolean }>(
    name: string,
    describe: (command: Command) => Command,
    run: Run<Options>,
  ): void => {
    const command = describe(program.command(name).exitOverride());
    command.action(async () => {
      const options = command.opts<Options>();
      const terminal = processTerminal(options.json === true);
      try {
        exitCode = await run(options, terminal, command.args);
      } catch (error) {
        tellError(terminal, name, error);
        exitCode = exitCodeOf(error);
      }
    });
  };
  add('init', describeInit, runInit);
  add('start', describeStart, runStart);
  add('status', describeStatus, runStatus);
  add('dashboard', describeDashboard, runDashboard);
  add('earnings', describeEarnings, runEarnings);
  add('settle', describeSettle, runSettle);
  add('withdraw', describeWithdraw, runWithdraw);
  add('support-bundle', describeSupportBundle, runSupportBundle);
  add('doctor', describeDoctor, runDoctor);
  add('stake', describeStake, runStake);
  add('unstake', describeUnstake, runUnstake);
  add('price', describePrice, runPrice);
  add('drain', describeDrain, runDrain);
  add('verify', describeVerify, runVerify);

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
