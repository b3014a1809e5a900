import { Option, type Command } from 'commander';
import { stakeDocument } from '../app/control/account-documents.ts';
import { formatTokens } from '../app/config/units.ts';
import { readAccount, sendFromAccount } from './account-call.ts';
import { amountOf } from './amount.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPasswordOption, addPlaceOptions, type PlaceOptions } from './place.ts';
import { requireConfirmation } from './prompt.ts';
import { stakeLines } from './stake-lines.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

interface StakeOptions extends PlaceOptions {
  readonly yes?: boolean;
}

export function describeStake(command: Command): Command {
  addPasswordOption(addPlaceOptions(command));
  return command
    .argument('[amount]', 'how much to add, with its unit: 100BCDN or 100wei; without it the stake is shown')
    .description('show the stake, or add to it')
    .addOption(new Option('--yes', 'do not ask for confirmation'))
    .addHelpText(
      'after',
      `
The stake belongs to the operator: it keeps an edge on the ring and returns by \`bcdn-node unstake\`. Works with the node
running or stopped.

Examples:
  $ bcdn-node stake
  $ bcdn-node stake 500BCDN
  $ bcdn-node stake 500BCDN --yes --json | jq .stakeWei`,
    );
}

/** Shows the stake or adds to it. */
export async function runStake(
  options: StakeOptions,
  terminal: Terminal,
  [amount]: readonly string[],
): Promise<ExitCode> {
  const call = { path: '/stake', answer: stakeDocument } as const;
  const wei = amount === undefined ? undefined : amountOf(amount, 'amount');
  if (wei !== undefined) {
    await requireConfirmation(options.yes, terminal, {
      question: `Stake ${formatTokens(wei)}?`,
      refusal: 'Nothing was staked: it was not confirmed.',
    });
  }
  // The chain's code is loaded only where there is no node to ask: the other commands answer quickly without it.
  const own = () => import('../app/operator-account/stake.ts');
  const stake =
    wei === undefined
      ? await readAccount(options, { ...call, body: {} }, async (account) =>
          (await own()).stakeStanding(account),
        )
      : await sendFromAccount(
          { options, terminal },
          { ...call, body: { amountWei: wei.toString() } },
          async (account) => (await own()).stakeMore(account, wei),
        );
  terminal.document('stake', stake);
  for (const line of stakeLines(stake)) terminal.data(line);
  return EXIT.fine;
}
