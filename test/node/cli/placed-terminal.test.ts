import { expect } from 'chai';

import { placedTerminal, withDataDir } from '../../../node/cli/placed-terminal.ts';
import type { Terminal } from '../../../sdk/cli/terminal.ts';

function listening(): { readonly terminal: Terminal; readonly lines: string[] } {
  const lines: string[] = [];
  const line = (text: string): void => void lines.push(text);
  return {
    lines,
    terminal: { json: false, interactive: false, data: line, say: line, document: () => undefined },
  };
}

describe('a command in a sentence', () => {
  it('is named with the data directory that was given, once', () => {
    expect(withDataDir('Run `bcdn-node start`.', '/srv/a')).to.equal(
      'Run `bcdn-node start --data-dir /srv/a`.',
    );
    expect(withDataDir('bcdn-node unstake --withdraw after that', '/srv/a')).to.equal(
      'bcdn-node unstake --data-dir /srv/a --withdraw after that',
    );
    const named = 'bcdn-node status --data-dir /srv/a';
    expect(withDataDir(named, '/srv/a')).to.equal(named);
  });

  it('leaves the program alone where no command follows', () => {
    for (const sentence of ['bcdn-node 0.1.0 on Node 24', 'bcdn-node starts', 'a bcdn-node']) {
      expect(withDataDir(sentence, '/srv/a')).to.equal(sentence);
    }
  });

  it('quotes a folder that a shell would take apart', () => {
    expect(withDataDir('bcdn-node drain', "/srv/it's mine")).to.equal(
      String.raw`bcdn-node drain --data-dir '/srv/it'\''s mine'`,
    );
  });

  it('stays as it is where no flag named the folder', () => {
    const { terminal, lines } = listening();
    placedTerminal(terminal, {}).say('bcdn-node doctor');
    placedTerminal(terminal, { dataDir: '/srv/a' }).data('bcdn-node doctor');
    expect(lines).to.deep.equal(['bcdn-node doctor', 'bcdn-node doctor --data-dir /srv/a']);
  });
});
