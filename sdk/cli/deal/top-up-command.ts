import { join } from 'node:path';

import type { Command } from 'commander';

import { readTokenBalance } from '../../chain/tokens.ts';
import type { DealId } from '../../protocol/identifiers.ts';
import { PublishError } from '../../publish/publish-error.ts';
import { interruptedTopUp, topUpDistribution } from '../../publish/top-up-distribution.ts';
import { topUpFile } from '../../publish/top-up-file.ts';
import { formatTokens } from '../amounts.ts';
import type { Perform } from '../command.ts';
import { confirm } from '../confirm.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { dealIdOf, tokensOf } from '../option-values.ts';
import { SESSION_SETTINGS, withPublisher, type PublisherSession } from '../publisher-session.ts';
import { stateFolder } from '../settings/config-file.ts';
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
It is one transaction: all of it happens, or nothing. If it is interrupted, give the same command again: where the chain
has it already, it says so and sends nothing. It is remembered on this machine only, in the folder of bcdn's state.

Example:
  $ bcdn deal top-up 0x… 10BCDN --yes`;

async function runTopUp(
  wish: { readonly id: string; readonly amount: string },
  flags: TopUpFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const dealId = dealIdOf('<deal>', wish.id);
  const amountWei = tokensOf('<amount>', wish.amount);
  return withPublisher(await Settings.read(flags), async (session) =>
    stoppable(async (signal) => {
      const { provider, deployment, sender } = session;
      const { nodes } = await findOwnDeal(session, dealId);
      const journal = topUpFile(journalPath(session, dealId));
      const made = await interruptedTopUp({ sender, dealId }, journal, signal);
      if (made?.amountWei === amountWei) return tellMade(dealId, made, terminal);
      if (made !== undefined) {
        terminal.say(`The top-up of ${formatTokens(made.amountWei)} that was interrupted is on the chain.`);
      }
      const haveWei = await readTokenBalance(provider, deployment, sender.address);
      if (haveWei < amountWei) throw short(sender.address, { needWei: amountWei, haveWei });
      terminal.say(`This locks ${formatTokens(amountWei)} in deal ${dealId}.`);
      if (flags.yes !== true && !(await confirm('Lock it?', signal))) throw notConfirmed();
      terminal.say('Sending it, as one transaction.');
      const keepsFree = flags.keepFree === true;
      const { allocations, transaction } = await topUpDistribution(
        { sender, dealId, nodes },
        { amountWei, keepsFree, journal, signal },
      );
      const shares = allocations.map(({ node, amountWei: shareWei }) => ({ node, amountWei: shareWei }));
      terminal.document('deal-top-up', {
        ...{ dealId, amountWei, transaction, resumed: false, allocations: shares },
      });
      const where = shares.length === 0 ? 'it is free' : `shared by ${shares.length} nodes`;
      terminal.data(`${formatTokens(amountWei)} added to ${dealId}: ${where}`);
      return EXIT.fine;
    }),
  );
}

/** The same command was interrupted after its transaction had been sent. */
function tellMade(
  dealId: DealId,
  { amountWei, transaction }: { readonly amountWei: bigint; readonly transaction: string },
  terminal: Terminal,
): ExitCode {
  terminal.document('deal-top-up', { dealId, amountWei, transaction, resumed: true, allocations: [] });
  terminal.data(`${formatTokens(amountWei)} had been added to ${dealId} before it was interrupted`);
  terminal.say('Nothing was sent. Give the command again to add as much once more.');
  return EXIT.fine;
}

function journalPath({ sender, deployment }: PublisherSession, dealId: DealId): string {
  const { chainId, market } = deployment;
  const name = [chainId, market, dealId, sender.address].join('-').toLowerCase();
  return join(stateFolder(process.env), 'top-ups', `${name}.json`);
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
