import { Option, type Command } from 'commander';

import { systemClock } from '../../pacing/clock.ts';
import { domainOf, MarketplaceApi } from '../../client/marketplace-api.ts';
import { UndiciExchange } from '../../client/undici-exchange.ts';
import type { ContentOrigin } from '../../protocol/content-origin.ts';
import type { DealId } from '../../protocol/identifiers.ts';
import { signContentOrigin } from '../../publish/content-origin.ts';
import { probeOrigin } from '../../publish/declare-origin.ts';
import type { Perform } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { dealIdOf } from '../option-values.ts';
import { openPublisherKey } from '../publisher-key.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import type { SettingTexts } from '../settings/setting-names.ts';
import type { Terminal } from '../terminal.ts';

interface OriginFlags extends SettingTexts {
  readonly json?: boolean;
  readonly deal: string;
  readonly url?: string;
  readonly kind: 'file' | 'gateway';
  readonly remove?: boolean;
}

/** `bcdn origin`. */
export function addOrigin(program: Command, perform: Perform): void {
  const command = program
    .command('origin')
    .description('show, name or take back where nodes fetch the content of a deal of yours')
    .exitOverride()
    .requiredOption('--deal <id>', 'the deal, 0x and 64 digits');
  addSettings(command, ['marketplace', 'keystore', 'passwordFile'])
    .addOption(
      new Option('--url <url>', 'nodes fetch from there; without it the origin is shown').conflicts('remove'),
    )
    .addOption(
      new Option('--kind <kind>', 'one file read in ranges, or a trustless gateway')
        .choices(['file', 'gateway'])
        .default('file'),
    )
    .addOption(new Option('--remove', 'take the origin back: nodes fill from each other only'))
    .addOption(new Option('--json', 'print one JSON document on stdout'))
    .addHelpText('after', HELP)
    .action(async (flags: OriginFlags) => perform('origin', flags, (terminal) => runOrigin(flags, terminal)));
}

const HELP = `
The origin is looked at before it is named: it has to serve byte ranges of exactly the published file. Name it again when its
ETag or its address has changed but its bytes have not; nodes see that within a minute. Everybody can read the URL.

Examples:
  $ bcdn origin --deal 0x… --marketplace https://market.example
  $ bcdn origin --deal 0x… --marketplace https://market.example --url https://media.example/film.mp4 \\
      --keystore publisher.json --password-file password
  $ bcdn origin --deal 0x… --marketplace https://market.example --remove --keystore publisher.json --password-file password`;

async function runOrigin(flags: OriginFlags, terminal: Terminal): Promise<ExitCode> {
  const dealId = dealIdOf('--deal', flags.deal);
  const settings = await Settings.read(flags);
  const http = new UndiciExchange();
  try {
    const api = new MarketplaceApi({ http, clock: systemClock }, settings.require('marketplace'));
    const wanted = await wantedOrigin(http, flags, dealId);
    if (wanted === undefined) tell(terminal, (await api.contentOrigin(dealId)).origin);
    else {
      const privateKey = await openPublisherKey(settings);
      const signer = { domain: domainOf(await api.network()), privateKey };
      await api.declareOrigin(signContentOrigin(signer, wanted));
      tell(terminal, wanted);
    }
    return EXIT.fine;
  } finally {
    await http.close();
  }
}

/** What is to be said of the origin, or undefined if it is only asked for. */
async function wantedOrigin(
  http: UndiciExchange,
  { url, kind, remove }: OriginFlags,
  dealId: DealId,
): Promise<ContentOrigin | undefined> {
  const issuedAt = BigInt(Math.floor(systemClock.nowMs() / 1000));
  if (remove === true) {
    return { dealId, kind: 'none', url: '', bytes: 0n, etag: '', lastModified: '', issuedAt };
  }
  if (url === undefined) return undefined;
  return { dealId, issuedAt, ...(await probeOrigin(http, { url, kind }, {})) };
}

function tell(terminal: Terminal, origin: ContentOrigin): void {
  const { dealId, kind, url, bytes, etag, lastModified, issuedAt } = origin;
  terminal.document('origin', {
    ...{ dealId, kind, url, bytes: bytes.toString(), etag, lastModified },
    issuedAt: issuedAt.toString(),
  });
  if (kind === 'none') terminal.data('No origin: nodes fill from each other only.');
  else
    terminal.data(
      `${kind} ${url}${kind === 'file' ? `, ${bytes} bytes, ETag ${etag === '' ? 'none' : etag}` : ''}`,
    );
}
