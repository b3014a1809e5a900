import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { NodeError } from '../app/node-error.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

/** Asks on the terminal: questions go to stderr, so stdout stays data. */
export async function ask(question: string, fallback?: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const suffix = fallback === undefined || fallback === '' ? '' : ` [${fallback}]`;
    const answer = (await reader.question(`${question}${suffix}: `)).trim();
    return answer === '' ? (fallback ?? '') : answer;
  } finally {
    reader.close();
  }
}

/** Asks without showing what is typed. */
export async function askSecret(question: string): Promise<string> {
  process.stderr.write(`${question}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await reader.question('');
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}

/** Asks a yes-or-no question; no is the default. */
export async function confirm(question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(`${question} [y/N]`));
}

/** Goes on after a yes, by --yes or on the terminal. @throws NodeError CONFIRMATION_NEEDED */
export async function requireConfirmation(
  yes: boolean | undefined,
  terminal: Terminal,
  words: { readonly question: string; readonly refusal: string },
): Promise<void> {
  if (yes === true || (terminal.interactive && (await confirm(words.question)))) return;
  throw new NodeError('CONFIRMATION_NEEDED', {
    message: words.refusal,
    remedy: 'Answer y, or give --yes.',
  });
}
