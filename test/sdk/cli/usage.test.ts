import { expect } from 'chai';

import { CliError } from '../../../sdk/cli/cli-error.ts';
import { EXIT } from '../../../sdk/cli/exit-codes.ts';
import { tellFailure } from '../../../sdk/cli/failure.ts';
import { addressOf, cidOf, dealIdOf } from '../../../sdk/cli/option-values.ts';
import type { Terminal } from '../../../sdk/cli/terminal.ts';
import { bcdn } from './bcdn-process.ts';

interface Refusal {
  readonly schema: string;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}

function refusalOf(work: () => unknown): CliError {
  try {
    work();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  expect.fail('expected a refusal');
}

function listening(): {
  readonly terminal: Terminal;
  readonly said: string[];
  readonly documents: unknown[];
} {
  const said: string[] = [];
  const documents: unknown[] = [];
  const say = (line: string): void => void said.push(line);
  const document = (_command: string, fields: unknown): void => void documents.push(fields);
  return { said, documents, terminal: { json: true, interactive: false, data: say, say, document } };
}

describe('wrong use of bcdn', () => {
  it('names what was given and how it should look: contents, deals and accounts', () => {
    expect(refusalOf(() => cidOf('<cid>', 'bafybad'))).to.deep.include({
      code: 'OPTION_INVALID',
      message: '<cid> does not take "bafybad".',
      values: { flag: '<cid>', text: 'bafybad' },
    });
    expect(refusalOf(() => dealIdOf('--deal', '0x12')).remedy).to.contain('0x and 64 digits');
    expect(refusalOf(() => addressOf('--to', `0x${'1'.repeat(200)}`)).message.length).to.be.below(130);
    expect(dealIdOf('--deal', `0x${'ab'.repeat(32)}`)).to.equal(`0x${'ab'.repeat(32)}`);
  });

  it('ends with 2, before anything is asked of anybody', async () => {
    for (const args of [
      ['fetch', 'bafybad', '--out', '/nonexistent/x'],
      ['deal', 'show', '0x12'],
      ['deal', 'close', `0x${'ab'.repeat(32)}`, '--no-wait', '--to', '0x12'],
    ]) {
      const { code, stdout } = await bcdn([...args, '--json']);
      const { error } = JSON.parse(stdout) as Refusal;
      expect([code, error.code], args.join(' ')).to.deep.equal([EXIT.usage, 'OPTION_INVALID']);
    }
  }).timeout(120_000);

  it('is a document where --json is given, for a flag that no command knows too', async () => {
    const { code, stdout } = await bcdn(['quote', '--colour', '--json']);
    const { schema, error } = JSON.parse(stdout) as Refusal;
    expect([code, schema, error.code]).to.deep.equal([EXIT.usage, 'bcdn/usage/1', 'USAGE']);
    expect(error.message).to.contain("'--colour'");
    expect((await bcdn(['quote', '--colour'])).stdout).to.equal('');
  }).timeout(120_000);
});

describe('a failure that is no refusal of bcdn', () => {
  it('is told all the same: an interruption, a refusal of the system, a mistake of the program', () => {
    const { terminal, said, documents } = listening();
    const interrupted = Object.assign(new RangeError('Aborted with Ctrl+C'), { name: 'AbortError' });
    const full = Object.assign(new RangeError('ENOSPC'), { code: 'ENOSPC', path: '/srv/film' });
    for (const failure of [interrupted, full, new RangeError('odd')]) {
      expect(tellFailure(terminal, 'fetch', failure)).to.equal(EXIT.failed);
    }
    const codes = (documents as Refusal[]).map(({ error }) => error.code);
    expect(codes).to.deep.equal(['INTERRUPTED', 'SYSTEM_REFUSED', 'UNEXPECTED']);
    expect(said.join('\n')).to.contain('It was interrupted.').and.to.contain('/srv/film is full (ENOSPC)');
    // Only a mistake of the program says where it happened.
    expect(said.join('\n').match(/\n +at /g)?.length).to.be.above(0);
  });
});
