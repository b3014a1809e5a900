import { setTimeout as wait } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { systemClock } from '../adapters/clock/system-clock.ts';
import type { DataDir } from '../app/config/data-dir.ts';
import { formatSize, formatTokens } from '../app/config/units.ts';
import { readConfigFile } from '../app/config/config-file.ts';
import { DrainMark } from '../app/draining/drain-mark.ts';
import { askNode } from '../app/control/control-client.ts';
import { drainDocument, type DrainDocument } from '../app/control/drain-documents.ts';
import { NodeError } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import { mark, type Terminal } from '../../sdk/cli/terminal.ts';

const DRAIN_TIMEOUT_MS = 30_000;
/** What is left is looked at and told this often. */
const LOOK_MS = 2_000;

interface DrainOptions extends PlaceOptions {
  readonly wait?: boolean;
  readonly cancel?: boolean;
}

export function describeDrain(command: Command): Command {
  return addPlaceOptions(command)
    .description('take nothing new, finish what runs, settle it; outlives a restart')
    .addOption(new Option('--wait', 'return when nothing is under way and nothing is owed any more'))
    .addOption(new Option('--cancel', 'take new work again').conflicts('wait'))
    .addHelpText(
      'after',
      `
A draining node takes no new grants, uploads or fills, and says so at /readyz: the marketplace passes it by. Grants that
are open are served until their epoch ends, everything due is settled whatever the thresholds say. Stake and ring stay as
they are. On a stopped node it counts from the next start on.

Exit code: 0 done as asked; 4 with --wait and the node stopped.

Examples:
  $ bcdn-node drain --wait && systemctl stop bcdn-node
  $ bcdn-node drain --json | jq .left
  $ bcdn-node drain --cancel`,
    );
}

/** Begins or cancels draining, and waits for its end if asked to. */
export async function runDrain(options: DrainOptions, terminal: Terminal): Promise<ExitCode> {
  const dataDir = dataDirOf(options);
  let report = await change(dataDir, options.cancel === true ? 'cancel' : 'begin');
  let told = '';
  while (options.wait === true && report.running && !report.done) {
    const line = leftLine(report);
    if (line !== told) terminal.say(line);
    told = line;
    await wait(LOOK_MS);
    report = await ask(dataDir, 'report');
    // Somebody cancelled it meanwhile: there is nothing to wait for.
    if (!report.draining) break;
  }
  terminal.document('drain', report);
  terminal.data(stateLine(report));
  if (!report.running)
    terminal.say(`${mark('!', '33')} The node is not running: this counts from its next start on.`);
  return options.wait === true && !report.running ? EXIT.offline : EXIT.fine;
}

async function change(dataDir: DataDir, what: 'begin' | 'cancel'): Promise<DrainDocument> {
  try {
    return await ask(dataDir, what);
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'NODE_OFFLINE') throw error;
  }
  // There must be a node to drain.
  await readConfigFile(dataDir);
  const drain = await DrainMark.open(dataDir.drain);
  if (what === 'begin') await drain.set(systemClock);
  else await drain.clear();
  const { sinceMs } = drain;
  return {
    draining: drain.isSet,
    running: false,
    since: sinceMs === undefined ? null : new Date(sinceMs).toISOString(),
    done: false,
    left: null,
  };
}

function ask(dataDir: DataDir, what: 'begin' | 'cancel' | 'report'): Promise<DrainDocument> {
  return askNode({
    socket: dataDir.controlSocket,
    path: '/drain',
    body: { what },
    answer: drainDocument,
    timeoutMs: DRAIN_TIMEOUT_MS,
  });
}

function stateLine(report: DrainDocument): string {
  if (!report.draining) return 'The node takes new work.';
  if (report.done) return 'Drained: nothing is under way and nothing is owed.';
  return `Draining since ${report.since ?? 'now'}. ${leftLine(report)}`;
}

function leftLine({ left }: DrainDocument): string {
  if (left === null) return 'What is left is known when the node runs.';
  const tokens = (wei: string): string => formatTokens(BigInt(wei));
  return `Left: ${left.openGrants} open grant(s), ${formatSize(Number(left.atRiskBytes))} not receipted, ${tokens(left.unsettledWei)} not settled, ${tokens(left.voucherDueWei)} in vouchers, ${tokens(left.inClaimWei)} in claims`;
}
