import type { Command } from 'commander';

import type { Address } from '../../protocol/identifiers.ts';
import { beginClosing, closeDistribution, type CloseProgress } from '../../publish/close-distribution.ts';
import { PublishError } from '../../publish/publish-error.ts';
import { formatTokens } from '../amounts.ts';
import type { Perform } from '../command.ts';
import { confirm } from '../confirm.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { liveLine } from '../live-line.ts';
import { addressOf, dealIdOf } from '../option-values.ts';
import { SESSION_SETTINGS, withPublisher, type PublisherSession } from '../publisher-session.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import type { SettingTexts } from '../settings/setting-names.ts';
import { stoppable } from '../stoppable.ts';
import { mark, type Terminal } from '../terminal.ts';
import { findOwnDeal, type OwnDeal } from './own-deal.ts';
import { dateText } from './show-command.ts';

interface CloseFlags extends SettingTexts {
  readonly json?: boolean;
  readonly to?: string;
  readonly yes?: boolean;
  /** Commander names --no-wait by what it denies. */
  readonly wait: boolean;
}

/** `bcdn deal close`. */
export function addDealClose(deal: Command, perform: Perform): void {
  const command = deal
    .command('close')
    .description('end a deal and bring back what was not earned, to the last unit')
    .exitOverride()
    .argument('<deal>', 'the deal, 0x and 64 digits');
  addSettings(command, SESSION_SETTINGS)
    .option('--to <address>', 'who gets what is left (default: you)')
    .option('--no-wait', 'only begin: call again after the thaw for the refund')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', HELP)
    .action(async (id: string, flags: CloseFlags) =>
      perform('deal-close', flags, (terminal) => runClose(id, flags, terminal)),
    );
}

const HELP = `
Nodes have the thaw to be paid what they delivered, and a minute more if one is late; then the rest is withdrawn. It may be
interrupted and called again.

Examples:
  $ bcdn deal close 0x…
  $ bcdn deal close 0x… --no-wait --yes`;

async function runClose(id: string, flags: CloseFlags, terminal: Terminal): Promise<ExitCode> {
  const dealId = dealIdOf('<deal>', id);
  const to = flags.to === undefined ? undefined : addressOf('--to', flags.to);
  return withPublisher(await Settings.read(flags), async (session) =>
    stoppable(async (signal) => {
      const deal = await findOwnDeal(session, dealId);
      if (flags.yes !== true && !(await confirm(`Close deal ${dealId}?`, signal))) {
        throw new PublishError('NOT_CONFIRMED', 'Nothing was sent.', { remedy: 'Confirm, or give --yes.' });
      }
      return flags.wait
        ? closeAndWait({ session, deal, to }, terminal, signal)
        : closeOnly({ session, deal, to }, terminal, signal);
    }),
  );
}

interface Closing {
  readonly session: PublisherSession;
  readonly deal: OwnDeal;
  /** Who gets what is left; the publisher if nobody is named. */
  readonly to: Address | undefined;
}

async function closeOnly(
  { session, deal }: Closing,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { dealId, nodes } = deal;
  const thawEndsAt = await beginClosing({ sender: session.sender, dealId, nodes }, { signal });
  terminal.document('deal-close', { dealId, state: 'closing', thawEndsAt });
  terminal.data(`Deal ${dealId} is closing; it has thawed at ${dateText(thawEndsAt)}.`);
  terminal.say(`Then bring back what is left with: bcdn deal close ${dealId}`);
  return EXIT.fine;
}

async function closeAndWait(
  { session, deal, to }: Closing,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { dealId, nodes } = deal;
  const line = liveLine(process.stderr);
  let phase = '';
  const onProgress = (progress: CloseProgress): void => {
    if (progress.phase === 'thawing') line.show(() => `Thawing, ${progress.secondsLeft} s left`);
    if (progress.phase === 'paying') line.show(() => `Last payments, ${progress.secondsLeft} s left at most`);
    if (progress.phase === phase) return;
    phase = progress.phase;
    line.clear();
    terminal.say(`${mark('✓', '32')} ${phaseText(progress)}`);
  };
  try {
    const closed = await closeDistribution(
      { sender: session.sender, dealId, nodes, to, marketplaceUrl: session.marketplaceUrl },
      { signal, onProgress },
    );
    terminal.document('deal-close', { dealId, state: 'closed', ...closed });
    const { spentWei, refundedWei, unpaidNodes } = closed;
    if (unpaidNodes.length > 0) terminal.say(`! ${unpaidText(unpaidNodes)}`);
    terminal.data(`Refunded ${formatTokens(refundedWei)}; spent ${formatTokens(spentWei)}`);
    return EXIT.fine;
  } finally {
    line.clear();
  }
}

/** Who was waited for in vain, and what that means. */
function unpaidText(nodes: readonly Address[]): string {
  return `Not settled a minute after the thaw: ${nodes.join(', ')}. What they had delivered and not settled has come back to the deal.`;
}

function phaseText(progress: CloseProgress): string {
  switch (progress.phase) {
    case 'closing':
      return 'Closing: no new grants from now on';
    case 'thawing':
      return `Thawing, ${progress.secondsLeft} s: nodes are paid what they delivered`;
    case 'paying':
      return progress.nodes === undefined
        ? 'The coordinator does not say who is paid; it is asked again for a minute'
        : `Waiting for the last payments of ${progress.nodes.length} nodes, a minute at most`;
    case 'releasing':
      return 'Taking back what has thawed';
    case 'withdrawing':
      return `Withdrawing ${formatTokens(progress.amountWei)}`;
  }
}
