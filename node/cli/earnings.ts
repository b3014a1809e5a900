import { Option, type Command } from 'commander';
import { loadConfig } from '../app/config/config-file.ts';
import { askNode } from '../app/control/control-client.ts';
import { earningsDocument, type EarningsDocument } from '../app/control/documents.ts';
import { EARNINGS_GROUPINGS, type EarningsGrouping } from '../app/earnings/earnings-table.ts';
import { NodeError } from '../app/node-error.ts';
import { earningsLines } from './earnings-lines.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

const EARNINGS_TIMEOUT_MS = 30_000;

interface EarningsOptions extends PlaceOptions {
  readonly by: EarningsGrouping;
  readonly csv?: boolean;
}

export function describeEarnings(command: Command): Command {
  return addPlaceOptions(command)
    .description('what was metered, settled and paid; works with the node stopped, too')
    .addOption(new Option('--by <group>', 'how to group').choices([...EARNINGS_GROUPINGS]).default('deal'))
    .addOption(new Option('--csv', 'print comma-separated values'))
    .addHelpText(
      'after',
      `
metered = paid + voucher due + in claim + not settled yet + lost, to the last unit; settled is what is paid, in a
voucher or in a claim. Gas is in the chain's coin; \`bcdn-node start --gas-token-wei WEI\` gives it a price in tokens,
then a net is shown.

Examples:
  $ bcdn-node earnings --by day
  $ bcdn-node earnings --by publisher --csv > earnings.csv
  $ bcdn-node earnings --json | jq '.routes, .claims'`,
    );
}

/** Prints the earnings table from the running node or, without one, from its files and the chain. */
export async function runEarnings(options: EarningsOptions, terminal: Terminal): Promise<ExitCode> {
  const table = await readEarnings(options, terminal);
  terminal.document('earnings', table);
  const lines = options.csv === true ? csvLines(table) : earningsLines(table);
  for (const line of lines) terminal.data(line);
  return EXIT.fine;
}

async function readEarnings(options: EarningsOptions, terminal: Terminal): Promise<EarningsDocument> {
  const dataDir = dataDirOf(options);
  try {
    return await askNode({
      socket: dataDir.controlSocket,
      path: '/earnings',
      body: { by: options.by },
      answer: earningsDocument,
      timeoutMs: EARNINGS_TIMEOUT_MS,
    });
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'NODE_OFFLINE') throw error;
    terminal.say('The node is not running: reading its journal and the chain.');
    const { offlineEarnings } = await import('../app/earnings/offline-earnings.ts');
    return offlineEarnings(await loadConfig(dataDir, {}, process.env), options.by);
  }
}

function csvLines(table: EarningsDocument): string[] {
  const names = [
    ...(['bytes', 'meteredWei', 'settledWei', 'paidWei', 'voucherDueWei'] as const),
    ...(['inClaimWei', 'unsettledWei', 'lostWei'] as const),
  ];
  const columns = names.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  return [
    [table.by, ...columns].join(','),
    ...table.rows.map((row) => [row.key, ...names.map((name) => row[name])].join(',')),
  ];
}
