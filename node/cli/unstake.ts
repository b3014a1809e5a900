import { Option, type Command } from 'commander';
import { stakeDocument, type StakeDocument } from '../app/control/account-documents.ts';
import { NodeError } from '../app/node-error.ts';
import { unbondableWei } from '../app/operator-account/unbondable.ts';
import { readAccount, sendFromAccount } from './account-call.ts';
import { amountOf } from './amount.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPasswordOption, addPlaceOptions, type PlaceOptions } from './place.ts';
import { requireConfirmation } from './prompt.ts';
import { stakeLines, unstakeWarning } from './stake-lines.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

/** The chain's code, loaded only where there is no node to ask. */
const own = () => import('../app/operator-account/stake.ts');

interface UnstakeOptions extends PlaceOptions {
  readonly withdraw?: boolean;
  readonly yes?: boolean;
}

export function describeUnstake(command: Command): Command {
  addPasswordOption(addPlaceOptions(command));
  return command
    .argument('[amount]', 'how much to unbond, with its unit: 100BCDN or 100wei; without it all, to leave')
    .description('unbond stake, or take back what has been unbonded')
    .addOption(new Option('--withdraw', 'take back what has been unbonded'))
    .addOption(new Option('--yes', 'do not ask for confirmation'))
    .addHelpText(
      'after',
      `
Shows the delay, the date and what happens to the place on the ring before anything is sent. Works with the node running
or stopped.

Examples:
  $ bcdn-node unstake 100BCDN       unbonds a part; a second request restarts the delay of all of it
  $ bcdn-node unstake               unbonds everything: the node leaves
  $ bcdn-node unstake --withdraw    after the delay: the tokens return to the operator account
  $ bcdn-node unstake --yes --json | jq .unbondingEndsAt`,
    );
}

/** Unbonds stake or takes back what has been unbonded. */
export async function runUnstake(
  options: UnstakeOptions,
  terminal: Terminal,
  [amount]: readonly string[],
): Promise<ExitCode> {
  const stake =
    options.withdraw === true
      ? await withdrawUnbonded(options, terminal, amount)
      : await unbond(options, terminal, amount);
  terminal.document('unstake', stake);
  for (const line of stakeLines(stake)) terminal.data(line);
  return EXIT.fine;
}

async function unbond(
  options: UnstakeOptions,
  terminal: Terminal,
  amount: string | undefined,
): Promise<StakeDocument> {
  const wei = amount === undefined ? undefined : amountOf(amount, 'amount');
  const before = await readAccount(
    options,
    { path: '/stake', body: {}, answer: stakeDocument },
    async (account) => (await own()).stakeStanding(account),
  );
  for (const line of unstakeWarning(before, unbondableWei(before, wei))) terminal.say(line);
  await requireConfirmation(options.yes, terminal, {
    question: 'Unbond it?',
    refusal: 'Nothing was unbonded: it was not confirmed.',
  });
  const body = { what: 'unbond', ...(wei === undefined ? {} : { amountWei: wei.toString() }) };
  return sendFromAccount(
    { options, terminal },
    { path: '/unstake', body, answer: stakeDocument },
    async (account) => (await own()).unstake(account, wei),
  );
}

function withdrawUnbonded(
  options: UnstakeOptions,
  terminal: Terminal,
  amount: string | undefined,
): Promise<StakeDocument> {
  if (amount !== undefined) {
    throw new NodeError('SETTING_INVALID', {
      message: '--withdraw takes back all that has been unbonded; it takes no amount.',
      remedy: 'Run `bcdn-node unstake --withdraw`.',
      values: { flag: '--withdraw', given: amount.slice(0, 80) },
    });
  }
  return sendFromAccount(
    { options, terminal },
    { path: '/unstake', body: { what: 'withdraw' }, answer: stakeDocument },
    async (account) => (await own()).takeUnbonded(account),
  );
}
