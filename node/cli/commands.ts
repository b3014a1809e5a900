import type { Command } from 'commander';

import { describeDashboard, runDashboard } from './dashboard.ts';
import { describeDoctor, runDoctor } from './doctor.ts';
import { describeDrain, runDrain } from './drain.ts';
import { describeEarnings, runEarnings } from './earnings.ts';
import { describeInit, runInit } from './init.ts';
import { describePrice, runPrice } from './price.ts';
import { describeSettle, runSettle } from './settle.ts';
import { describeStake, runStake } from './stake.ts';
import { describeStart, runStart } from './start.ts';
import { describeStatus, runStatus } from './status.ts';
import { describeSupportBundle, runSupportBundle } from './support-bundle.ts';
import { describeUnstake, runUnstake } from './unstake.ts';
import { describeVerify, runVerify } from './verify.ts';
import { describeWithdraw, runWithdraw } from './withdraw.ts';
import type { ExitCode } from './exit-codes.ts';
import type { PlaceOptions } from './place.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

type Run<Options> = (options: Options, terminal: Terminal, args: readonly string[]) => Promise<ExitCode>;

/** Runs a command that commander has read. */
export type Perform = (name: string, options: PlaceOptions, work: Work) => Promise<void>;

/** Work of one command. Failures are told and turned into an exit code by whoever calls it. */
export type Work = (terminal: Terminal) => Promise<ExitCode>;

/** Every command of `bcdn-node`, in the order of its help. A new one is one file and one line here. */
export const COMMANDS: readonly ((program: Command, perform: Perform) => void)[] = [
  command('init', describeInit, runInit),
  command('start', describeStart, runStart),
  command('status', describeStatus, runStatus),
  command('dashboard', describeDashboard, runDashboard),
  command('earnings', describeEarnings, runEarnings),
  command('settle', describeSettle, runSettle),
  command('withdraw', describeWithdraw, runWithdraw),
  command('support-bundle', describeSupportBundle, runSupportBundle),
  command('doctor', describeDoctor, runDoctor),
  command('stake', describeStake, runStake),
  command('unstake', describeUnstake, runUnstake),
  command('price', describePrice, runPrice),
  command('drain', describeDrain, runDrain),
  command('verify', describeVerify, runVerify),
];

function command<Options extends PlaceOptions>(
  name: string,
  describe: (command: Command) => Command,
  run: Run<Options>,
): (program: Command, perform: Perform) => void {
  return (program, perform) => {
    const described = describe(program.command(name).exitOverride());
    described.action(async () => {
      const options = described.opts<Options>();
      await perform(name, options, (terminal) => run(options, terminal, described.args));
    });
  };
}
