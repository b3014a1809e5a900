import type { Command } from 'commander';

import { readMarketTerms } from '../../chain/deals.ts';
import { bytesText } from '../../client/progress-line.ts';
import { publicationFile } from '../../publish/publication-file.ts';
import { publish, type Publication, type PublicationPlan } from '../../publish/publish.ts';
import { formatTokens } from '../amounts.ts';
import type { Perform } from '../command.ts';
import { confirm } from '../confirm.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { liveLine } from '../live-line.ts';
import { SESSION_SETTINGS, withPublisher, type PublisherSession } from '../publisher-session.ts';
import { stateFolder } from '../settings/config-file.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';
import { PublishTeller } from './publish-progress.ts';
import { journalPath, openSource } from './publish-source.ts';
import { wishesOf, type WishFlags } from './publish-wishes.ts';
import { reviewLines } from './review-lines.ts';

interface PublishFlags extends WishFlags {
  readonly json?: boolean;
  readonly origin?: string;
  readonly yes?: boolean;
  readonly new?: boolean;
}

/** `bcdn publish`. */
export function addPublish(program: Command, perform: Perform): void {
  const command = program
    .command('publish')
    .description('put a file or directory on edges and pay for its delivery; what is unused returns')
    .exitOverride()
    .argument('<file>', 'a file, a directory, or the URL of a file that nodes fetch themselves');
  addSettings(command, [...SESSION_SETTINGS, 'replicas', 'regions', 'maxRate'])
    .option('--allow-fewer', 'take as many edges as there are if they are fewer than --replicas')
    .option('--budget <amount>', 'most to lock, such as 40BCDN (default: no limit)')
    .option(
      '--expected-delivery <size>',
      'what all viewers together will fetch (default: ten times the content)',
    )
    .option('--days <count>', 'in which they fetch it: says how long the deposit lasts')
    .option('--audience <address>', 'only viewers whom this key admits (default: everybody)')
    .option('--tag <tag...>', 'names under which it can be purged with others')
    .option('--peer-pool <amount>', 'set aside for viewers that also serve (default: nothing)')
    .option('--service-level <level>', 'of the deal, 0 to 255')
    .option('--origin <url>', 'nodes fetch the file from there; it is not pushed')
    .option('--yes', 'do not ask before money is locked')
    .option('--new', 'forget what an interrupted run of the same content has begun')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', HELP)
    .action(async (source: string, flags: PublishFlags) =>
      perform('publish', flags, (terminal) => runPublish(source, flags, terminal)),
    );
}

const HELP = `
What it costs and on which nodes is shown first. Before anything is sent it is written down which deal will be opened: run
the same command again after a crash, a kill or a lost connection, and it goes on with that deal and pays nothing twice.

Examples:
  $ bcdn publish film.mp4 --replicas 4 --regions eu-west,us-east --budget 40BCDN
  $ bcdn publish site/ --tag site --expected-delivery 500GiB --days 30 --yes --json
  $ bcdn publish https://media.example/film.mp4              nodes fetch it from there`;

async function runPublish(text: string, flags: PublishFlags, terminal: Terminal): Promise<ExitCode> {
  const settings = await Settings.read(flags);
  const wishes = wishesOf(flags, settings);
  const line = liveLine(process.stderr);
  const teller = new PublishTeller(terminal, line);
  return stoppable(async (signal) => {
    try {
      const publication = await withPublisher(settings, async (session) => {
        const journal = publicationFile(journalPath(stateFolder(process.env), text, session));
        if (flags.new === true) await journal.remove();
        const { source, origin, totalBytes } = await openSource(text, flags.origin, signal);
        teller.totalBytes = totalBytes;
        const { sender, marketplaceUrl } = session;
        const review = async (plan: PublicationPlan) =>
          agree(plan, session, { terminal, signal, yes: flags.yes === true });
        const published = await publish(
          { ...wishes, source, sender, marketplaceUrl, ...(origin && { origin }) },
          { signal, journal, review, onProgress: (progress) => teller.tell(progress) },
        );
        await journal.remove();
        return published;
      });
      line.clear();
      told(terminal, publication, teller.resumed);
      return EXIT.fine;
    } catch (error) {
      line.clear();
      if (!signal.aborted) throw error;
      terminal.say('Stopped. Run the same command again to go on: nothing is paid twice.');
      return EXIT.failed;
    }
  });
}

/** Shows the plan; asks, unless that was answered by --yes. */
async function agree(
  plan: PublicationPlan,
  { provider, deployment }: PublisherSession,
  how: { readonly terminal: Terminal; readonly signal: AbortSignal; readonly yes: boolean },
): Promise<boolean> {
  const terms = await readMarketTerms(provider, deployment);
  for (const line of reviewLines(plan, { deployment, terms })) how.terminal.say(line);
  return how.yes || confirm(`Lock ${formatTokens(plan.depositWei)}?`, how.signal);
}

function told(terminal: Terminal, publication: Publication, resumed: boolean): void {
  const { dealId, bytes, blocks, nodes, escrowedWei, peerPoolWei, seconds } = publication;
  const cid = publication.cid.toString();
  terminal.document('publish', {
    ...{ dealId, cid, bytes, blocks, nodes, escrowedWei, peerPoolWei, seconds, resumed },
  });
  terminal.data(
    `${cid} is served by ${nodes.length} edges: ${bytesText(bytes)}, ${formatTokens(escrowedWei)}`,
  );
  terminal.data(`deal ${dealId}`);
  terminal.say(`Fetch it with: bcdn fetch ${cid} --out FILE`);
}
