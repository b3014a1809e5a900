import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../../sdk/cli/bcdn.mjs', import.meta.url));

/** What a finished command left behind. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing of whoever runs the tests. */
const ENVIRONMENT = {
  ...{ BCDN_KEYSTORE: '', BCDN_PASSWORD_FILE: '', BCDN_MARKETPLACE: '', BCDN_RPC: '', BCDN_CONFIG: '' },
  ...{ XDG_CONFIG_HOME: '/nonexistent', NO_COLOR: '1' },
};

/** Runs `bcdn` as a user does, in a process of its own. */
export async function bcdn(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, ...ENVIRONMENT, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

/** Runs `bcdn` and kills it (SIGKILL) as soon as it says this. @returns whether it said so before it ended */
export async function killedAt(
  said: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, ...ENVIRONMENT, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  let told = '';
  let killed = false;
  child.stderr.on('data', (bytes: Buffer) => {
    told += bytes.toString('utf8');
    if (!killed && told.includes(said)) killed = child.kill('SIGKILL');
  });
  await ended;
  return killed;
}
