import type { Command } from 'commander';

import { readMarketTerms } from '../../chain/deals.ts';
import { systemClock } from '../../pacing/clock.ts';
import { UndiciExchange } from '../../client/undici-exchange.ts';
import { parseCid } from '../../protocol/content.ts';
import { openPaidDeal } from '../../publish/open-paid-deal.ts';
import { publicationFile } from '../../publish/publication-file.ts';
import type { PublicationPlan } from '../../publish/publish.ts';
import { formatTokens } from '../amounts.ts';
import type { Perform } from '../command.ts';
import { confirm } from '../confirm.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { liveLine } from '../live-line.ts';
import { sizeOf } from '../option-values.ts';
import { SESSION_SETTINGS, withPublisher } from '../publisher-session.ts';
import { PublishTeller } from '../publish/publish-progress.ts';
import { journalPath } from '../publish/publish-source.ts';
import { wishesOf, type WishFlags } from '../publish/publish-wishes.ts';
import { reviewLines } from '../publish/review-lines.ts';
import { stateFolder } from '../settings/config-file.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';

interface OpenFlags extends WishFlags {
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** `bcdn deal open`. */
export function addDealOpen(deal: Command, perform: Perform): void {
  const command = deal
    .command('open')
    .description(
      'pay for the delivery of a content that edges already have; bcdn publish brings it there, too',
    )
    .exitOverride()
    .argument('<cid>', 'root CID of the content')
    .argument('<size>', 'its size, such as 2GiB');
  addSettings(command, [...SESSION_SETTINGS, 'replicas', 'regions', 'maxRate'])
    .option('--allow-fewer', 'take as many edges as there are if they are fewer than --replicas')
    .option('--budget <amount>', 'most to lock, such as 40BCDN (default: no limit)')
    .option(
      '--expected-delivery <size>',
      'what all viewers together will fetch (default: ten times the size)',
    )
    .option('--days <count>', 'in which they fetch it: says how long the deposit lasts')
    .option('--audience <address>', 'only viewers whom this key admits (default: everybody)')
    .option('--service-level <level>', 'of the deal, 0 to 255')
    .option('--yes', 'do not ask before money is locked')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', HELP)
    .action(async (cid: string, size: string, flags: OpenFlags) =>
      perform('deal-open', flags, (terminal) => runOpen({ cid, size }, flags, terminal)),
    );
}

const HELP = `
Edges that lack the content look for it with the others; if nobody has it, they serve nothing and earn nothing.

Example:
  $ bcdn deal open bafybei… 700MB --replicas 2 --budget 10BCDN`;

async function runOpen(
  content: { readonly cid: string; readonly size: string },
  flags: OpenFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const settings = await Settings.read(flags);
  const wishes = wishesOf(flags, settings);
  const root = parseCid(content.cid);
  const bytes = Number(sizeOf('<size>', content.size));
  const teller = new PublishTeller(terminal, liveLine(process.stderr));
  const http = new UndiciExchange();
  try {
    const plan = await stoppable(async (signal) =>
      withPublisher(settings, async (session) => {
        const { sender, marketplaceUrl, provider, deployment } = session;
        const journal = publicationFile(journalPath(stateFolder(process.env), content.cid, session));
        const review = async (proposed: PublicationPlan): Promise<boolean> => {
          const terms = await readMarketTerms(provider, deployment);
          for (const line of reviewLines(proposed, { deployment, terms })) terminal.say(line);
          return flags.yes === true || confirm(`Lock ${formatTokens(proposed.depositWei)}?`, signal);
        };
        const unpaid = {
          components: { http, clock: systemClock },
          request: { ...wishes, sender, marketplaceUrl },
          content: { root, bytes },
          origin: undefined,
        };
        const onProgress = teller.tell.bind(teller);
        const opened = await openPaidDeal(unpaid, { signal, journal, review, onProgress });
        await journal.remove();
        return opened;
      }),
    );
    const { dealId, nodes, depositWei } = plan;
    terminal.document('deal-open', { dealId, cid: content.cid, bytes, nodes, depositWei });
    terminal.data(`deal ${dealId}: ${formatTokens(depositWei)} for ${nodes.length} edges`);
    return EXIT.fine;
  } finally {
    await http.close();
  }
}
