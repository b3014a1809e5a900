import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

import { ClientCheckError } from './client-error.ts';

/** What a program said at its end, for the message. */
const TAIL_CHARACTERS = 600;
/** For one use of a program; a busy machine is slow. */
export const PROGRAM_TIMEOUT_MS = 120_000;

/** Runs a program to its end. @returns its standard output. @throws ClientCheckError CLIENT_FAILED, CLIENT_TIMEOUT */
export async function runProgram(program: string, args: readonly string[]): Promise<string> {
  // The option `timeout` would keep this process waiting for a program that never started.
  const signal = AbortSignal.timeout(PROGRAM_TIMEOUT_MS);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const exited = new Promise<string | number>((resolve) => {
    child.on('error', (error) => {
      resolve(error.message);
    });
    child.on('close', (code, killedBy) => {
      resolve(killedBy ?? code ?? 'no code');
    });
  });
  const [said, complaint, end] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  if (end === 0) return said;
  const last = `${complaint}\n${said}`.trim().slice(-TAIL_CHARACTERS);
  if (signal.aborted)
    throw new ClientCheckError(
      'CLIENT_TIMEOUT',
      `${program} did not end in ${PROGRAM_TIMEOUT_MS / 1_000} s: ${last}`,
    );
  throw new ClientCheckError('CLIENT_FAILED', `${program} ended with ${end}: ${last}`, { values: { end } });
}

/** Whether a program answers when it is asked for its version. */
export async function isInstalled(program: string, versionFlag = '--version'): Promise<boolean> {
  try {
    await runProgram(program, [versionFlag]);
    return true;
  } catch (error) {
    if (error instanceof ClientCheckError) return false;
    throw error;
  }
}
