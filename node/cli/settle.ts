import { Option, type Command } from 'commander';
import { loadConfig } from '../app/config/config-file.ts';
import { formatTokens } from '../app/config/units.ts';
import { askNode } from '../app/control/control-client.ts';
import {
  settleDocument,
  settlePreviewDocument,
  type SettlePreviewDocument,
} from '../app/control/documents.ts';
import { NodeError } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import { requireConfirmation } from './prompt.ts';
import { previewLines, waitingLines } from './settle-lines.ts';
import { mark, type Terminal } from '../../sdk/cli/terminal.ts';

const PREVIEW_TIMEOUT_MS = 30_000;
/** Transactions wait for blocks. */
const SETTLE_TIMEOUT_MS = 300_000;

interface SettleOptions extends PlaceOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export function describeSettle(command: Command): Command {
  return addPlaceOptions(command)
    .description('settle all ended epochs, by voucher or by claim, after showing gas and net')
    .addOption(new Option('--yes', 'do not ask for confirmation'))
    .addOption(
      new Option(
        '--dry-run',
        'only show what would be done, by which route and for what gas; with the node stopped, too',
      ),
    )
    .addHelpText(
      'after',
      `
A deal is settled by its coordinator's voucher; after --direct-claim-after-epochs of failure its receipts are claimed on
chain, each one or by samples, whichever takes less gas. A deal that waits is shown with its rule and what satisfies it.

Examples:
  $ bcdn-node settle --dry-run
  $ bcdn-node settle --dry-run --json | jq '.waiting'
  $ bcdn-node settle
  $ bcdn-node settle --yes --json`,
    );
}

/** Shows what settling would bring and cost, then does it through the running node. */
export async function runSettle(options: SettleOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.dryRun === true) return dryRun(options, terminal);
  const { controlSocket: socket } = dataDirOf(options);
  const preview = await askPreview(socket);
  for (const line of previewLines(preview)) terminal.say(line);
  await requireConfirmation(options.yes, terminal, {
    question: 'Settle now?',
    refusal: 'Nothing was settled: it was not confirmed.',
  });
  const result = await askNode({
    socket,
    path: '/settle',
    answer: settleDocument,
    timeoutMs: SETTLE_TIMEOUT_MS,
  });
  terminal.document('settle', { preview, ...result });
  terminal.data(
    `Paid ${formatTokens(BigInt(result.paidWei))} in ${result.transactions.length} transaction(s)`,
  );
  for (const line of waitingLines(result.waiting)) terminal.data(line);
  for (const { dealId, message, remedy } of result.failures) {
    terminal.say(`${mark('✗', '31')} ${dealId}: ${message}`);
    if (remedy !== undefined) terminal.say(`  → ${remedy}`);
  }
  return result.failures.length === 0 ? EXIT.fine : EXIT.failed;
}

/** Shows the plan of the running node or, without one, that of its files and the chain. */
async function dryRun(options: SettleOptions, terminal: Terminal): Promise<ExitCode> {
  const preview = await readPreview(options, terminal);
  terminal.document('settle-dry-run', preview);
  for (const line of previewLines(preview)) terminal.data(line);
  return EXIT.fine;
}

async function readPreview(options: SettleOptions, terminal: Terminal): Promise<SettlePreviewDocument> {
  const dataDir = dataDirOf(options);
  try {
    return await askPreview(dataDir.controlSocket);
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'NODE_OFFLINE') throw error;
    terminal.say('The node is not running: reading its journal and the chain.');
    const { offlinePreview } = await import('../app/earnings/offline-preview.ts');
    return offlinePreview(await loadConfig(dataDir, {}, process.env));
  }
}

function askPreview(socket: string): Promise<SettlePreviewDocument> {
  return askNode({
    socket,
    path: '/settle/preview',
    answer: settlePreviewDocument,
    timeoutMs: PREVIEW_TIMEOUT_MS,
  });
}
