import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Command } from 'commander';

import { CliError } from '../cli-error.ts';
import type { Perform } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

/** The development network is a program of its own: nothing of it is loaded here. */
const PROGRAM = fileURLToPath(new URL('../../../scripts/devnet/main.ts', import.meta.url));
const REQUIRE_NODE = new URL('../../../scripts/setup/require-node.mjs', import.meta.url).href;

interface DevnetFlags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly input?: string;
  readonly size?: string;
  readonly viewers?: string;
  readonly folder?: string;
}

/** `bcdn devnet`. */
export function addDevnet(program: Command, perform: Perform): void {
  program
    .command('devnet')
    .description(
      'start a whole network on this machine: chain, contracts, marketplace, edges, peers, viewers',
    )
    .exitOverride()
    .option('--once', 'run one job, check everything, stop and exit')
    .option('--input <file>', 'publish this file instead of a generated one')
    .option('--size <bytes>', 'size of the generated file')
    .option('--viewers <count>', 'viewers that fetch the file')
    .option('--folder <directory>', 'keep the files of the network here (default: a temporary folder)')
    .option('--json', 'print the report of the job as one JSON document on stdout; with --once')
    .addHelpText('after', HELP)
    .action(async (flags: DevnetFlags) => perform('devnet', flags, async () => runDevnet(flags)));
}

const HELP = `
Exit code: 0 every check held, 1 one did not, 2 wrong use.

Examples:
  $ bcdn devnet                      stays up; k kills an edge, c corrupts one, q quits
  $ bcdn devnet --once --json`;

async function runDevnet(flags: DevnetFlags): Promise<ExitCode> {
  if (!existsSync(PROGRAM)) {
    throw new CliError('DEVNET_MISSING', 'This installation has no development network.', {
      values: { program: PROGRAM },
      remedy: 'Clone the repository and run `npm start` there.',
    });
  }
  const child = spawn(process.execPath, ['--import', REQUIRE_NODE, PROGRAM, ...argumentsOf(flags)], {
    stdio: 'inherit',
  });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  // The terminal sends Ctrl-C to the network itself.
  const ignore = (): void => undefined;
  process.on('SIGTERM', forward).on('SIGINT', ignore);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exitCode) => resolve(exitCode ?? EXIT.failed));
    });
    if (code === 0) return EXIT.fine;
    return code === EXIT.usage ? EXIT.usage : EXIT.differs;
  } finally {
    process.removeListener('SIGTERM', forward).removeListener('SIGINT', ignore);
  }
}

function argumentsOf(flags: DevnetFlags): readonly string[] {
  const valued = (['input', 'size', 'viewers', 'folder'] as const).flatMap((name) => {
    const value = flags[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
  return [...(flags.once === true ? ['--once'] : []), ...(flags.json === true ? ['--json'] : []), ...valued];
}
