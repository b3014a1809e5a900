import type { Command } from 'commander';

import { pauseDistribution, resumeDistribution } from '../../publish/pause-distribution.ts';
import { formatTokens } from '../amounts.ts';
import type { Perform } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { dealIdOf } from '../option-values.ts';
import { SESSION_SETTINGS, withPublisher } from '../publisher-session.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import type { SettingTexts } from '../settings/setting-names.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';
import { findOwnDeal } from './own-deal.ts';
import { dateText } from './show-command.ts';

interface PauseFlags extends SettingTexts {
  readonly json?: boolean;
}

/** `bcdn deal pause`. */
export function addDealPause(deal: Command, perform: Perform): void {
  const command = deal
    .command('pause')
    .description('let nodes earn nothing more while the deal stays open')
    .exitOverride()
    .argument('<deal>', 'the deal, 0x and 64 digits');
  addSettings(command, SESSION_SETTINGS)
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', PAUSE_HELP)
    .action(async (id: string, flags: PauseFlags) =>
      perform('deal-pause', flags, (terminal) => runPause(id, flags, terminal)),
    );
}

/** `bcdn deal resume`. */
export function addDealResume(deal: Command, perform: Perform): void {
  const command = deal
    .command('resume')
    .description('give the money of a paused deal to its nodes again')
    .exitOverride()
    .argument('<deal>', 'the deal, 0x and 64 digits');
  addSettings(command, SESSION_SETTINGS)
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', RESUME_HELP)
    .action(async (id: string, flags: PauseFlags) =>
      perform('deal-resume', flags, (terminal) => runResume(id, flags, terminal)),
    );
}

const PAUSE_HELP = `
Allocations thaw: no new grants are issued, what was delivered is paid until the thaw ends, and the rest is free after it.

Example:
  $ bcdn deal pause 0x…`;

const RESUME_HELP = `
What has thawed is taken back and shared anew, equally, at the rates the nodes had. What still thaws is theirs again at once,
which needs a wei of free money for each: top up first if the deal has none.

Example:
  $ bcdn deal resume 0x…`;

async function runPause(id: string, flags: PauseFlags, terminal: Terminal): Promise<ExitCode> {
  const dealId = dealIdOf('<deal>', id);
  return withPublisher(await Settings.read(flags), async (session) =>
    stoppable(async (signal) => {
      const { nodes } = await findOwnDeal(session, dealId);
      const { sender } = session;
      const { thawing, thawEndsAt } = await pauseDistribution({ sender, dealId, nodes }, signal);
      terminal.document('deal-pause', { dealId, thawing, thawEndsAt });
      terminal.data(
        thawEndsAt === undefined
          ? `Nothing of deal ${dealId} is allocated: it earns nobody anything.`
          : `${thawing.length} allocations thaw until ${dateText(thawEndsAt)}; then their rest is free.`,
      );
      terminal.say(`Go on with: bcdn deal resume ${dealId}`);
      return EXIT.fine;
    }),
  );
}

async function runResume(id: string, flags: PauseFlags, terminal: Terminal): Promise<ExitCode> {
  const dealId = dealIdOf('<deal>', id);
  return withPublisher(await Settings.read(flags), async (session) =>
    stoppable(async (signal) => {
      const { nodes } = await findOwnDeal(session, dealId);
      const { sender } = session;
      const { requests, allocatedWei } = await resumeDistribution({ sender, dealId, nodes }, signal);
      const allocations = requests.map(({ node, amountWei }) => ({ node, amountWei }));
      terminal.document('deal-resume', { dealId, allocatedWei, allocations });
      terminal.data(
        requests.length === 0
          ? `Deal ${dealId} was not paused.`
          : `${requests.length} nodes serve deal ${dealId} again, with ${formatTokens(allocatedWei)} more.`,
      );
      return EXIT.fine;
    }),
  );
}
