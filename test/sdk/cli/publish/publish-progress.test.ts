import { expect } from 'chai';

import type { LiveLine } from '../../../../sdk/cli/live-line.ts';
import { PublishTeller } from '../../../../sdk/cli/publish/publish-progress.ts';
import type { Terminal } from '../../../../sdk/cli/terminal.ts';
import { parseAddress, parseDealId } from '../../../../sdk/protocol/identifiers.ts';

const [NEAR, FAR] = ['1', '2'].map((digit) => parseAddress(`0x${digit.repeat(40)}`));
const COLUMNS = 60;

describe('Progress of bcdn publish', () => {
  let shown: string[];
  let said: string[];
  let teller: PublishTeller;

  beforeEach(() => {
    [shown, said] = [[], []];
    const line: LiveLine = {
      shown: false,
      show: (text) => void shown.push(text(COLUMNS)),
      clear: () => undefined,
    };
    const terminal: Terminal = {
      ...{ json: false, interactive: false },
      data: () => undefined,
      document: () => undefined,
      say: (text) => void said.push(text),
    };
    teller = new PublishTeller(terminal, line);
  });

  it('has a bar for reading where the length is known', () => {
    teller.tell({ phase: 'importing', bytes: 500 });
    teller.totalBytes = 1_000;
    teller.tell({ phase: 'importing', bytes: 500 });
    expect(shown).to.deep.equal(['Reading 500 B', 'Reading [######......] 50 % of 1.0 kB']);
  });

  it('has a bar for each edge that is sent the content, within the terminal', () => {
    if (NEAR === undefined || FAR === undefined) throw new RangeError('there are two');
    teller.tell({ phase: 'pushing', node: NEAR, sentBytes: 25, totalBytes: 100 });
    teller.tell({ phase: 'pushing', node: FAR, sentBytes: 50, totalBytes: 100 });
    expect(shown.at(-1)).to.equal('0x111111 [###.........] 25 %  0x222222 [######......] 50 %');
    teller.tell({ phase: 'pushing', node: NEAR, sentBytes: 100, totalBytes: 100 });
    teller.tell({ phase: 'pushing', node: NEAR, sentBytes: 100, totalBytes: 100 });
    expect(said).to.have.length(1);
    expect(said[0]).to.include(`Sent 100 B to ${NEAR}`);
    expect(shown.every((text) => text.length <= COLUMNS)).to.equal(true);
  });

  it('says when the plan has fewer edges than were wished for, and why', () => {
    const shortage = { need: 3, have: 1, removed: { price: 1, region: 4, stake: 0 } };
    teller.tell({ phase: 'quoted', nodes: 1, depositWei: 10n ** 18n, shortage });
    expect(said[0]).to.include(
      'You need 3 nodes, have 1: left out are 4 in another region, 1 more expensive.',
    );
    expect(said[1]).to.include('Planned on 1 edges for 1 BCDN');
    teller.tell({ phase: 'quoted', nodes: 1, depositWei: 10n ** 18n, shortage: undefined });
    expect(said).to.have.length(3);
  });

  it('says each step once, and remembers that it goes on with a deal', () => {
    teller.tell({ phase: 'placing', holders: 1, nodes: 2 });
    teller.tell({ phase: 'placing', holders: 1, nodes: 2 });
    expect(said).to.have.length(1);
    teller.tell({ phase: 'resumed', dealId: parseDealId(`0x${'ab'.repeat(32)}`) });
    expect(teller.resumed).to.equal(true);
    expect(said[1]).to.include('nothing is paid twice');
  });
});
