import { Option, type Command } from 'commander';

import { RECEIPTS_PER_PROGRESS } from '../../audit/audit-limits.ts';
import { downloadBooks } from '../../audit/download.ts';
import { MarketplaceBooks } from '../../audit/marketplace-books.ts';
import { systemClock } from '../../pacing/clock.ts';
import { UndiciExchange } from '../../client/undici-exchange.ts';
import { nativeSecp256k1 as secp256k1 } from '../../signing/native-secp256k1.ts';
import type { Perform } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { dealIdOf } from '../option-values.ts';
import { openPublisherKey } from '../publisher-key.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import type { SettingTexts } from '../settings/setting-names.ts';
import type { Terminal } from '../terminal.ts';
import { openTrustedChain } from './trusted-chain.ts';

interface DownloadFlags extends SettingTexts {
  readonly json?: boolean;
  readonly deal: string;
  readonly out: string;
}

/** `bcdn audit download`. */
export function addAuditDownload(audit: Command, perform: Perform): void {
  const command = audit
    .command('download')
    .description('download the receipts, vouchers and events of a deal of yours')
    .exitOverride()
    .requiredOption('--deal <id>', 'the deal, 0x and 64 digits')
    .requiredOption('--out <file>', 'where to write; an interrupted download of the same deal goes on');
  addSettings(command, ['marketplace', 'keystore', 'passwordFile'])
    .addOption(new Option('--rpc <url>', 'read the events from this chain, not from the marketplace'))
    .addOption(new Option('--json', 'print one JSON document on stdout'))
    .addHelpText('after', HELP)
    .action(async (_flags: unknown, command: Command) => {
      // --json and --rpc are options of `bcdn audit` too: wherever they stand, they are meant.
      const flags: DownloadFlags = command.optsWithGlobals();
      await perform('audit-download', flags, (terminal) => runDownload(flags, terminal));
    });
}

const HELP = `
Each call is signed with the publisher's key, which stays on this machine. The file holds both signatures of every
receipt, so that bcdn audit needs nothing else.

Example:
  $ bcdn audit download --deal 0x… --marketplace https://market.example \\
      --keystore publisher.json --password-file password --out march.audit`;

async function runDownload(flags: DownloadFlags, terminal: Terminal): Promise<ExitCode> {
  const dealId = dealIdOf('--deal', flags.deal);
  const settings = await Settings.read(flags);
  const marketplace = settings.require('marketplace');
  const publisherKey = await openPublisherKey(settings);
  const http = new UndiciExchange();
  const chain = flags.rpc === undefined ? undefined : openTrustedChain(flags.rpc);
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const access = { dealId, marketplace, publisherKey };
    const books = new MarketplaceBooks({ http, clock: systemClock, secp256k1 }, access);
    let told = 0;
    const { totals, resumedReceipts } = await downloadBooks(books, flags.out, {
      ...(chain !== undefined && { trustedEvents: chain.events }),
      signal: stopping.signal,
      onProgress: ({ receipts }) => {
        if (receipts - told < RECEIPTS_PER_PROGRESS) return;
        told = receipts;
        terminal.say(`${receipts} receipts downloaded`);
      },
    });
    terminal.document('audit-download', { file: flags.out, dealId, ...totals, resumedReceipts });
    terminal.data(
      `${flags.out}: ${totals.receipts} receipts, ${totals.vouchers} vouchers, ${totals.events} events`,
    );
    terminal.say(`Audit them with: bcdn audit ${flags.out}`);
    return EXIT.fine;
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
    chain?.close();
    await http.close();
  }
}
