import { createInterface } from 'node:readline/promises';

import { CliError } from './cli-error.ts';

/**
 * Asks on the terminal whether to go on; no is the default. Questions go to stderr, so stdout stays data.
 * @throws CliError CONFIRMATION_NEEDED where nobody can be asked
 */
export async function confirm(question: string, signal?: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CliError('CONFIRMATION_NEEDED', 'This moves money and there is no terminal to ask on.', {
      remedy: 'Look at what it says above, then give --yes.',
    });
  }
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(`${question} [y/N] `, signal === undefined ? {} : { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}
