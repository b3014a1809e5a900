import type { Command } from 'commander';

import { topUpDeal } from '../../chain/deals.ts';
import { readTokenBalance } from '../../chain/tokens.ts';
import { parseDealId } from '../../protocol/identifiers.ts';
import { allocateToNodes } from '../../publish/pause-distribution.ts';
import { PublishError } from '../../publish/publish-error.ts';
import { formatTokens } from '../amounts.ts';
import type { Perform } from '../command.ts';
import { confirm } from '../confirm.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { tokensOf } from '../option-values.ts';
import { SESSION_SETTINGS, withPublisher } from '../publisher-session.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import type { SettingTexts } from '../settings/setting-names.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';
import { findOwnDeal } from './own-deal.ts';

interface TopUpFlags extends SettingTexts {
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly keepFree?: boolean;
}

/** `bcdn deal top-up`. */
export function addDealTopUp(deal: Command, perform: Perform): void {
  const command = deal
    .command('top-up')
    .description('add money to a deal and give it to the nodes that serve it, in equal shares')
    .exitOverride()
    .argument('<deal>', 'the deal, 0x and 64 digits')
    .argument('<amount>', 'such as 10BCDN');
  addSettings(command, SESSION_SETTINGS)
    .option('--keep-free', 'leave it in the free part of the deal')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', HELP)
    .action(async (id: string, amount: string, flags: TopUpFlags) =>
      perform('deal-top-up', flags, (terminal) => runTopUp({ id, amount }, flags, terminal)),
    );
}

const HELP = `
It takes three transactions. If it is interrupted, \`bcdn deal show\` says what is free already: \`bcdn deal resume\`, or a
top-up of another amount, gives that to the nodes.

Example:
  $ bcdn deal top-up 0x… 10BCDN --yes`;

async function runTopUp(
  wish: { readonly id: string; readonly amount: string },
  flags: TopUpFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const dealId = parseDealId(wish.id);
  const amountWei = tokensOf('<amount>', wish.amount);
  return withPublisher(await Settings.read(flags), async (session) =>
    stoppable(async (signal) => {
      const { provider, deployment, sender } = session;
      const { nodes } = await findOwnDeal(session, dealId);
      const haveWei = await readTokenBalance(provider, deployment, sender.address);
      if (haveWei < amountWei) throw short(sender.address, { needWei: amountWei, haveWei });
      terminal.say(`This locks ${formatTokens(amountWei)} in deal ${dealId}.`);
      if (flags.yes !== true && !(await confirm('Lock it?', signal))) throw notConfirmed();
      await topUpDeal(sender, dealId, amountWei, signal);
      const { requests } =
        flags.keepFree === true
          ? { requests: [] }
          : await allocateToNodes({ sender, dealId, nodes }, { amountWei, signal });
      const toppedUp = requests.map(({ node, amountWei: shareWei }) => ({ node, amountWei: shareWei }));
      terminal.document('deal-top-up', { dealId, amountWei, allocations: toppedUp });
      const where = toppedUp.length === 0 ? 'it is free' : `shared by ${toppedUp.length} nodes`;
      terminal.data(`${formatTokens(amountWei)} added to ${dealId}: ${where}`);
      return EXIT.fine;
    }),
  );
}

function short(account: string, money: { readonly needWei: bigint; readonly haveWei: bigint }): PublishError {
  const message = `You need ${formatTokens(money.needWei)}, ${account} has ${formatTokens(money.haveWei)}.`;
  return new PublishError('MONEY_SHORT', message, {
    values: { account, ...money },
    remedy: 'Send tokens to this account, or give a smaller amount.',
  });
}

function notConfirmed(): PublishError {
  return new PublishError('NOT_CONFIRMED', 'Nothing was sent.', { remedy: 'Confirm, or give --yes.' });
}
