import { stat } from 'node:fs/promises';

import type { Command } from 'commander';

import { systemClock } from '../../pacing/clock.ts';
import { MarketplaceApi } from '../../client/marketplace-api.ts';
import { bytesText } from '../../client/progress-line.ts';
import { UndiciExchange } from '../../client/undici-exchange.ts';
import { shortageOf, shortageText } from '../../publish/node-shortage.ts';
import { bitrateOf, countOf, sizeOf } from '../option-values.ts';
import { CliError } from '../cli-error.ts';
import type { Perform } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { wishesOf, type WishFlags } from '../publish/publish-wishes.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import { mark, type Terminal } from '../terminal.ts';
import { costLines, excludedLines, nodeLines, quoteFields } from './quote-lines.ts';

/** Deliveries of the whole content that are assumed when none are named. */
const DEFAULT_DELIVERIES = 10n;

/** Most viewers at once that a marketplace takes. */
const MAX_PEAK_VIEWERS = 1_000_000_000;

interface QuoteFlags extends WishFlags {
  readonly json?: boolean;
  readonly peakViewers?: string;
  readonly bitrate?: string;
}

/** `bcdn quote`. */
export function addQuote(program: Command, perform: Perform): void {
  const command = program
    .command('quote')
    .description('what a distribution would cost, on which nodes, and why not on others; changes nothing')
    .exitOverride()
    .argument('<size-or-file>', 'size of the content such as 2GiB, or a file to measure')
    .option(
      '--expected-delivery <size>',
      'what all viewers together will fetch (default: ten times the size)',
    )
    .option('--days <count>', 'in which they fetch it: says how long the deposit lasts')
    .option(
      '--peak-viewers <count>',
      'at the busiest moment; with --bitrate only nodes that are fast enough count',
    )
    .option('--bitrate <rate>', 'of one viewer, such as 4.5Mbit')
    .option('--service-level <level>', 'of the deal, 0 to 255');
  addSettings(command, ['marketplace', 'replicas', 'regions', 'maxRate'])
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', HELP)
    .action(async (content: string, flags: QuoteFlags) =>
      perform('quote', flags, (terminal) => runQuote(content, flags, terminal)),
    );
}

const HELP = `
Exit code: 0 as many nodes as asked for, 1 fewer, 2 wrong use, 3 failed, 4 the marketplace did not answer.

Examples:
  $ bcdn quote 2GiB --expected-delivery 500GiB --days 30 --replicas 4
  $ bcdn quote 2GiB --peak-viewers 500 --bitrate 4.5Mbit
  $ bcdn quote film.mp4 --regions eu-west,us-east --max-rate 0.02BCDN --json`;

async function runQuote(content: string, flags: QuoteFlags, terminal: Terminal): Promise<ExitCode> {
  const settings = await Settings.read(flags);
  const { replicas, regions, maxRatePerGiB, days, serviceLevel, expectedDeliveryBytes } = wishesOf(
    flags,
    settings,
  );
  const peak = peakOf(flags);
  const bytes = await measured(content);
  const delivery = expectedDeliveryBytes ?? BigInt(bytes) * DEFAULT_DELIVERIES;
  const http = new UndiciExchange();
  try {
    const api = new MarketplaceApi({ http, clock: systemClock }, settings.require('marketplace'));
    const wishes = { replicas, regions, maxRatePerGiB, days, serviceLevel, ...peak };
    const quote = await api.quote({ bytes, expectedDeliveryBytes: delivery, ...wishes });
    terminal.document('quote', {
      ...{ bytes, expectedDeliveryBytes: delivery, replicas, ...peak },
      ...quoteFields(quote),
    });
    terminal.data(`${bytesText(bytes)} on ${replicas} edges, ${bytesText(Number(delivery))} to be delivered`);
    for (const line of [...nodeLines(quote), ...costLines(quote), ...excludedLines(quote)])
      terminal.data(line);
    const shortage = shortageOf(quote, replicas);
    if (shortage === undefined) return EXIT.fine;
    terminal.say(`${mark('!', '33')} ${shortageText(shortage)}`);
    return EXIT.differs;
  } finally {
    await http.close();
  }
}

/** Both or none: one alone says nothing of how fast nodes must be. @throws CliError OPTION_INVALID */
function peakOf({ peakViewers, bitrate }: QuoteFlags): {
  readonly peakViewers?: number;
  readonly bitrate?: number;
} {
  if (peakViewers === undefined && bitrate === undefined) return {};
  if (peakViewers === undefined || bitrate === undefined) {
    throw new CliError('OPTION_INVALID', '--peak-viewers and --bitrate count together.', {
      values: { given: peakViewers === undefined ? '--bitrate' : '--peak-viewers' },
      remedy: 'Give both, or neither.',
    });
  }
  const limits = { min: 1, max: MAX_PEAK_VIEWERS };
  return {
    peakViewers: countOf('--peak-viewers', peakViewers, limits),
    bitrate: bitrateOf('--bitrate', bitrate),
  };
}

/** A size, or the size of a file. @throws CliError OPTION_INVALID */
async function measured(content: string): Promise<number> {
  const found = await stat(content).catch(() => undefined);
  if (found?.isFile() === true) return found.size;
  if (found !== undefined) {
    throw new CliError('OPTION_INVALID', `${content} is no file.`, {
      values: { content },
      remedy: 'Give a file, or the size of all its files such as 2GiB.',
    });
  }
  return Number(sizeOf('<size-or-file>', content));
}
