import { expect } from 'chai';

import { receiptsCost } from '../../../../scripts/benchmark/receipts-cost/bench.ts';
import { Progress } from '../../../../scripts/devnet/progress.ts';

describe('bench of what receipts cost', () => {
  it('pays for every byte of one case and for none of the other, and says what each step takes', async () => {
    const progress = new Progress(process.stderr, { quiet: true });
    const { figures } = await receiptsCost.run(
      { rounds: 1, blocks: 16, lanes: 2, cap: 0, mib: 4 },
      { progress, signal: new AbortController().signal },
    );
    expect(figures['cost']).to.be.a('number');
    expect(figures['stepMicroseconds']).to.have.all.keys(
      ...['sign', 'decode', 'hash', 'recover', 'ledger', 'journal', 'checkAmongBlocks'],
    );
    const { edge, viewer } = figures['cpuMsPerMiB'] as Record<'edge' | 'viewer', Record<string, number>>;
    for (const side of [edge, viewer]) {
      expect(side['with']).to.be.a('number').above(0);
      expect(side['without']).to.be.a('number').above(0);
    }
  }).timeout(60_000);
});
