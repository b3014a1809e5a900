import { Option, type Command } from 'commander';
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
import { confirm } from './prompt.ts';
import { mark, type Terminal } from './terminal.ts';

const PREVIEW_TIMEOUT_MS = 30_000;
/** Transactions wait for blocks. */
const SETTLE_TIMEOUT_MS = 300_000;

interface SettleOptions extends PlaceOptions {
  readonly yes?: boolean;
}

export function describeSettle(command: Command): Command {
  return addPlaceOptions(command)
    .description('get vouchers for all ended epochs and redeem them, after showing gas and net')
    .addOption(new Option('--yes', 'do not ask for confirmation'))
    .addHelpText(
      'after',
      `
Examples:
  $ bcdn-node settle
  $ bcdn-node settle --yes --json`,
    );
}

/** Shows what settling would bring and cost, then does it through the running node. */
export async function runSettle(options: SettleOptions, terminal: Terminal): Promise<ExitCode> {
  const { controlSocket: socket } = dataDirOf(options);
  const preview = await askNode({
    socket,
    path: '/settle/preview',
    answer: settlePreviewDocument,
    timeoutMs: PREVIEW_TIMEOUT_MS,
  });
  for (const line of describe(preview)) terminal.say(line);
  if (options.yes !== true) await requireConfirmation(terminal);
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
  for (const { dealId, reason } of result.waiting) terminal.data(`  ${dealId}: ${waitingText(reason)}`);
  for (const { dealId, message, remedy } of result.failures) {
    terminal.say(`${mark('✗', '31')} ${dealId}: ${message}`);
    if (remedy !== undefined) terminal.say(`  → ${remedy}`);
  }
  return result.failures.length === 0 ? EXIT.fine : EXIT.failed;
}

function describe(preview: SettlePreviewDocument): string[] {
  const lines = [
    `Due by the node's own receipts: ${formatTokens(BigInt(preview.dueWei))} in ${preview.steps.length} deal(s).`,
    `Gas: about ${preview.gas} units, ${preview.gasCostWei} wei of the chain's coin.`,
  ];
  if (preview.netWei === null) lines.push('Net: set --gas-token-wei to weigh gas against tokens.');
  else lines.push(`Net: ${formatTokens(BigInt(preview.netWei))}.`);
  return lines;
}

async function requireConfirmation(terminal: Terminal): Promise<void> {
  if (terminal.interactive && (await confirm('Settle now?'))) return;
  throw new NodeError('CONFIRMATION_NEEDED', {
    message: 'Nothing was settled: it was not confirmed.',
    remedy: 'Answer y, or give --yes.',
  });
}

const WAITING_TEXTS: Readonly<Record<string, string>> = {
  NOTHING_DUE: 'nothing is due',
  ESCROW_EXHAUSTED: 'the escrow is used up; more is payable after the publisher tops up',
  EPOCH_RUNNING: 'its epoch is still running',
  BELOW_MINIMUM: 'below the minimum',
  GAS_EXCEEDS_DUE: 'gas would cost more than is due',
  TOO_MANY_RECEIPTS: 'too many receipts for one direct claim',
};

function waitingText(reason: string): string {
  return WAITING_TEXTS[reason] ?? reason;
}
