import { Option, type Command } from 'commander';

import { formatTokens } from '../amounts.ts';
import type { Perform } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { countOf } from '../option-values.ts';
import { SESSION_SETTINGS, withPublisher } from '../publisher-session.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import type { SettingTexts } from '../settings/setting-names.ts';
import type { Terminal } from '../terminal.ts';

const MAX_LISTED = 100;
const MAX_OFFSET = 1_000_000;

interface ListFlags extends SettingTexts {
  readonly json?: boolean;
  readonly state?: string;
  readonly offset: string;
}

/** `bcdn deal list`. */
export function addDealList(deal: Command, perform: Perform): void {
  const command = deal.command('list').description('your deals, newest first').exitOverride();
  addSettings(command, SESSION_SETTINGS)
    .addOption(new Option('--state <state>', 'only these').choices(['open', 'closing', 'closed']))
    .option('--offset <count>', 'leave out so many of the newest', '0')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ bcdn deal list --state open')
    .action(async (flags: ListFlags) => perform('deal-list', flags, (terminal) => runList(flags, terminal)));
}

async function runList(flags: ListFlags, terminal: Terminal): Promise<ExitCode> {
  const offset = countOf('--offset', flags.offset, { min: 0, max: MAX_OFFSET });
  const { total, deals } = await withPublisher(await Settings.read(flags), async ({ api, sender }) =>
    api.dealsBy(sender.address, { state: flags.state, offset, limit: MAX_LISTED }),
  );
  terminal.document('deal-list', { total, offset, deals });
  for (const { dealId, state, cid, depositedWei, withdrawnWei } of deals) {
    const money = `${formatTokens(depositedWei)} in, ${formatTokens(withdrawnWei)} back`;
    terminal.data(`${dealId}  ${state.padEnd(7)}  ${cid ?? ''}  ${money}`);
  }
  if (total === 0) terminal.say('No deals. Open one with: bcdn publish FILE');
  else if (offset + deals.length < total) terminal.say(`${deals.length} of ${total}; go on with --offset`);
  return EXIT.fine;
}
