import { constants, setPriority } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { RAW_CODEC, cidOfContentRoot } from '../../sdk/protocol/content.ts';
import { parseContentRoot } from '../../sdk/protocol/identifiers.ts';
import type { AuditProgress, DamagedBlock } from '../adapters/disk/block-store-audit.ts';
import { systemClock } from '../adapters/clock/system-clock.ts';
import { formatSize } from '../app/config/units.ts';
import { verifyStore, type VerificationReport } from '../app/content/store-verification.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import { mark, type Terminal } from '../../sdk/cli/terminal.ts';

/** Progress is told this often. */
const PROGRESS_EVERY_MS = 2_000;

interface VerifyOptions extends PlaceOptions {
  readonly repair?: boolean;
}

export function describeVerify(command: Command): Command {
  return addPlaceOptions(command)
    .description('hash every stored block and tell which are torn, corrupt, missing or unknown to the index')
    .addOption(
      new Option('--repair', 'drop damaged blocks; contents that need them are incomplete and filled again'),
    )
    .addHelpText(
      'after',
      `
Works with the node running or stopped. Beside a running node it takes at most half of the time of disk and processor, at
the lowest priority, and has the node drop what is damaged; a stopped node fills again when it is started.

Exit code: 0 nothing is damaged, or all of it was repaired; 1 something is damaged.

Examples:
  $ bcdn-node verify
  $ bcdn-node verify --repair
  $ bcdn-node verify --json | jq '.damage'
  $ nice bcdn-node verify --repair --data-dir /srv/bcdn > verify.log`,
    );
}

/** Hashes the store and tells what is damaged. */
export async function runVerify(options: VerifyOptions, terminal: Terminal): Promise<ExitCode> {
  const repair = options.repair === true;
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  setPriority(constants.priority.PRIORITY_LOW);
  const report = await verifyStore({
    dataDir: dataDirOf(options),
    repair,
    clock: systemClock,
    pause: (ms) => wait(ms),
    onProgress: progressTeller(terminal),
    signal: stopping.signal,
  });
  tell(report, repair, terminal);
  return countOf(report) === report.repaired ? EXIT.fine : EXIT.failed;
}

/** Tells share, rate and time left, now and then. */
function progressTeller(terminal: Terminal): (progress: AuditProgress & { elapsedMs: number }) => void {
  let toldMs = 0;
  return (progress) => {
    if (progress.elapsedMs - toldMs < PROGRESS_EVERY_MS) return;
    toldMs = progress.elapsedMs;
    terminal.say(progressLine(progress));
  };
}

/** One line about a verification under way. */
export function progressLine(progress: AuditProgress & { readonly elapsedMs: number }): string {
  const { checkedBlocks, checkedBytes, totalBlocks, totalBytes, elapsedMs } = progress;
  const bytesPerSecond = elapsedMs > 0 ? (checkedBytes * 1_000) / elapsedMs : 0;
  const left = Math.max(0, totalBytes - checkedBytes);
  const secondsLeft = bytesPerSecond > 0 ? `, ${Math.ceil(left / bytesPerSecond)} s left` : '';
  const share = totalBytes === 0 ? 100 : Math.min(100, Math.floor((100 * checkedBytes) / totalBytes));
  return `${share} %: ${checkedBlocks} of ${totalBlocks} blocks, ${formatSize(checkedBytes)}, ${formatSize(bytesPerSecond)}/s${secondsLeft}`;
}

function tell(report: VerificationReport, repair: boolean, terminal: Terminal): void {
  const { running, checkedBlocks, checkedBytes, elapsedMs, damage, blocks, contents, repaired } = report;
  const named = blocks.map((block) => ({ ...block, cid: cidOf(block) }));
  const ok = countOf(report) === repaired;
  terminal.document('verify', {
    ok,
    running,
    repair,
    checkedBlocks,
    checkedBytes: String(checkedBytes),
    elapsedMs,
    damage,
    repaired,
    blocks: named,
    contents,
  });
  for (const { cid, damage: kind } of named) terminal.data(`${kind} ${cid}`);
  const sums = Object.entries(damage).map(([kind, count]) => `${count} ${kind}`);
  terminal.data(`${checkedBlocks} blocks, ${formatSize(checkedBytes)}: ${sums.join(', ')}`);
  if (countOf(report) === 0) terminal.say(`${mark('✓', '32')} Every stored block is whole.`);
  else if (repair)
    terminal.say(`${ok ? mark('✓', '32') : mark('!', '33')} ${repaired} dropped. ${refill(report)}`);
  else terminal.say(`${mark('✗', '31')} ${countOf(report)} damaged.\n  → Run \`bcdn-node verify --repair\`.`);
}

function refill({ running, contents }: VerificationReport): string {
  const when = running ? 'The node fills' : 'The node will fill';
  return contents.length === 0 ? '' : `${when} ${contents.length} content(s) again.`;
}

function countOf({ damage }: VerificationReport): number {
  return Object.values(damage).reduce((sum, count) => sum + count, 0);
}

/** The name by which the block can be asked for; the codec is not known, and does not change the bytes. */
function cidOf({ digest }: DamagedBlock): string {
  return cidOfContentRoot(parseContentRoot(`0x${digest}`), RAW_CODEC).toString();
}
