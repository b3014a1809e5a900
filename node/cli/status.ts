import { setTimeout as wait } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { askNode } from '../app/control/control-client.ts';
import { statusDocument, type StatusDocument } from '../app/control/documents.ts';
import { NodeError, reportOf } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { absenceOf } from './absence.ts';
import { exitCodeOf, refusalOf, tellError } from './failure.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import { earningLine, statusLines } from './status-lines.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

/** A node that is alive answers at once; a busy one within this. */
const STATUS_TIMEOUT_MS = 10_000;
/** Seconds between two looks of --watch. */
const DEFAULT_INTERVAL_SECONDS = 2;
const MAX_INTERVAL_SECONDS = 3_600;
/** Goes to the upper left corner and clears what is below. */
const CLEAR_SCREEN = '\u001b[H\u001b[J';

interface StatusOptions extends PlaceOptions {
  readonly watch?: boolean;
  readonly interval?: string;
}

export function describeStatus(command: Command): Command {
  return addPlaceOptions(command)
    .description('tell how the node is doing, and whether it is earning')
    .addOption(new Option('--watch', 'tell it again and again, until interrupted'))
    .addOption(new Option('--interval <seconds>', 'pause between two looks of --watch').default('2'))
    .addHelpText(
      'after',
      `
The last line is \`Earning: yes\` or \`Earning: no, because … → run …\`. With --watch --json each look is one document
on one line; the exit code is that of the last look.

Exit code: 0 fine, 1 failed, 2 usage, 3 degraded, 4 offline.

Examples:
  $ bcdn-node status
  $ bcdn-node status --watch
  $ bcdn-node status --json | jq .earning`,
    );
}

/** Asks the running node how it is, once or until interrupted. */
export async function runStatus(options: StatusOptions, terminal: Terminal): Promise<ExitCode> {
  const pauseMs = intervalOf(options) * 1_000;
  if (options.watch !== true) return look(options, terminal);
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let exitCode: ExitCode = EXIT.fine;
  while (!stopping.signal.aborted) {
    if (process.stdout.isTTY) terminal.data(CLEAR_SCREEN);
    exitCode = await look(options, terminal);
    if (!process.stdout.isTTY) terminal.data('');
    // An interrupt ends the pause early.
    await wait(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
  }
  return exitCode;
}

async function look(options: StatusOptions, terminal: Terminal): Promise<ExitCode> {
  let status: StatusDocument;
  try {
    status = await askNode({
      socket: dataDirOf(options).controlSocket,
      path: '/status',
      answer: statusDocument,
      timeoutMs: STATUS_TIMEOUT_MS,
    });
  } catch (error) {
    return tellAbsence(refusalOf(await absenceOf(error, options)), terminal);
  }
  terminal.document('status', status);
  for (const line of statusLines(status)) terminal.data(line);
  return status.state === 'serving' && status.problems.length === 0 ? EXIT.fine : EXIT.degraded;
}

/** A node that does not answer is not earning either, and that is said as the last line all the same. */
function tellAbsence(error: unknown, terminal: Terminal): ExitCode {
  const { code } = reportOf(error);
  const offline = code === 'NODE_OFFLINE';
  const earning = { yes: false, ...absenceReason(code) };
  if (offline && terminal.json) terminal.document('status', { state: 'offline', earning });
  else tellError(terminal, 'status', error);
  terminal.data(earningLine(earning));
  return exitCodeOf(error);
}

function absenceReason(code: string): { readonly because: string; readonly run: string } {
  switch (code) {
    case 'NODE_OFFLINE':
      return { because: 'the node is not running', run: 'run bcdn-node start' };
    case 'CONFIG_MISSING':
      return { because: 'there is no node here', run: 'run bcdn-node init' };
    case 'CONTROL_FORBIDDEN':
    case 'SYSTEM_REFUSED':
      return { because: 'this user may not look', run: 'run it as the user that runs the node' };
    default:
      return { because: 'the node does not answer as it should', run: 'run bcdn-node doctor' };
  }
}

function intervalOf({ interval }: StatusOptions): number {
  const seconds = Number(interval ?? DEFAULT_INTERVAL_SECONDS);
  if (seconds > 0 && seconds <= MAX_INTERVAL_SECONDS) return seconds;
  throw new NodeError('SETTING_INVALID', {
    message: `--interval must be above 0 and at most ${MAX_INTERVAL_SECONDS} seconds; it is "${(interval ?? '').slice(0, 80)}".`,
    remedy: 'Correct --interval.',
    values: { flag: '--interval', given: (interval ?? '').slice(0, 80) },
  });
}
