import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

import { PackageError } from '../package-error.ts';

/** A command that has not ended by then is ended: npm fetches some 200 packages in one of them. */
const COMMAND_TIMEOUT_MS = 300_000;
/** What a command said at its end, for the message. */
const TAIL_CHARACTERS = 2_000;

export interface CommandPlace {
  /** @default the folder of this process */
  readonly cwd?: string;
  /** Beside the environment of this process. @default nothing */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a command to its end.
 * @returns its standard output
 * @throws PackageError PROGRAM_FAILED unless it exits with 0
 */
export async function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, environment = {} }: CommandPlace = {},
): Promise<string> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(COMMAND_TIMEOUT_MS),
    env: { ...process.env, ...environment },
    ...(cwd !== undefined && { cwd }),
  });
  const ended = new Promise<string | number>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(signal ?? code ?? 'no code'));
  });
  const [said, complaint, end] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (end === 0) return said;
  const tail = `${said}\n${complaint}`.trim().slice(-TAIL_CHARACTERS);
  const name = [program, ...args].join(' ');
  throw new PackageError('PROGRAM_FAILED', `${name} ended with ${end}: ${tail}`, { end });
}
