import { Option } from 'commander';

import { systemClock } from '../../pacing/clock.ts';
import { UndiciExchange } from '../../client/undici-exchange.ts';
import { noticeSigner, sendNotices, type NoticeWish, type SentNotice } from '../../publish/send-notices.ts';
import { nativeSecp256k1 as secp256k1 } from '../../signing/native-secp256k1.ts';
import { CliError } from '../cli-error.ts';
import type { AddCommand } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { cidOf, dealIdOf } from '../option-values.ts';
import { openPublisherKey } from '../publisher-key.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import type { SettingTexts } from '../settings/setting-names.ts';
import { mark, type Terminal } from '../terminal.ts';

interface PurgeFlags extends SettingTexts {
  readonly json?: boolean;
  readonly cid: string;
  readonly deal?: string;
  readonly path?: string;
  readonly tag?: string;
  readonly takedown?: boolean;
}

/** `bcdn purge`. */
export const addPurge: AddCommand = (program, perform) => {
  const purging = program
    .command('purge')
    .description('have every edge drop its copies of a content of yours, or take it down for good')
    .exitOverride()
    .requiredOption('--cid <cid>', 'the content; with --tag any content of yours');
  addSettings(purging, ['marketplace', 'keystore', 'passwordFile'])
    .addOption(new Option('--deal <id>', 'only this deal (default: every deal of the content)'))
    .addOption(new Option('--path <path>', 'only what lies below this path of the content, such as /films/a'))
    .addOption(new Option('--tag <tag>', 'all contents of yours that were published with this tag'))
    .addOption(new Option('--takedown', 'never serve it again under the deal; there is no way back'))
    .addOption(new Option('--json', 'print one JSON document on stdout'))
    .addHelpText('after', HELP)
    .action(async (flags: PurgeFlags) => {
      await perform('purge', flags, (terminal) => runPurge(flags, terminal));
    });
};

const HELP = `
The notice is signed with the publisher's key, which stays on this machine, handed to the edges of the deal, and told by
them to all others. After a purge the next request fetches again; after a takedown edges answer 410 and take no grants.
What they delivered before is paid in either case.

Exit code: 0 at least one edge took the notice, 1 none did, 2 wrong use, 4 the marketplace did not answer.

Examples:
  $ bcdn purge --cid bafy… --marketplace https://market.example --keystore publisher.json --password-file password
  $ bcdn purge --cid bafy… --path /films/draft.mp4 --marketplace https://market.example
  $ bcdn purge --cid bafy… --tag news --marketplace https://market.example --json
  $ bcdn purge --cid bafy… --takedown --deal 0x… --marketplace https://market.example`;

async function runPurge(flags: PurgeFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.takedown === true && (flags.path !== undefined || flags.tag !== undefined)) {
    throw new CliError('OPTION_INVALID', '--takedown is of a whole content.', {
      remedy: 'Leave out --path and --tag.',
    });
  }
  const settings = await Settings.read(flags);
  const wish: NoticeWish = {
    marketplaceUrl: settings.require('marketplace'),
    sign: noticeSigner(secp256k1, await openPublisherKey(settings)),
    kind: flags.takedown === true ? 'takedown' : 'purge',
    cid: cidOf('--cid', flags.cid),
    ...(flags.deal !== undefined && { dealId: dealIdOf('--deal', flags.deal) }),
    ...(flags.path !== undefined && { path: flags.path }),
    ...(flags.tag !== undefined && { tag: flags.tag }),
  };
  const http = new UndiciExchange();
  try {
    const sent = await sendNotices({ http, clock: systemClock }, wish);
    tell(wish, sent, terminal);
    return EXIT.fine;
  } finally {
    await http.close();
  }
}

function tell({ kind, cid }: NoticeWish, sent: readonly SentNotice[], terminal: Terminal): void {
  terminal.document('purge', { kind, cid: cid.toString(), notices: sent });
  for (const { dealId, edges } of sent) {
    for (const { origin, outcome, code } of edges) {
      terminal.data(`${dealId} ${origin} ${outcome}${code === undefined ? '' : ` ${code}`}`);
    }
  }
  const took = sent.flatMap(({ edges }) => edges).filter(({ outcome }) => outcome !== 'unreachable').length;
  terminal.say(`${mark('✓', '32')} ${took} edge(s) heard the ${kind} at first hand and tell the others.`);
}
