import { expect } from 'chai';
import { openClaims } from '../../../../node/app/earnings/claim-deadline.ts';
import type { ClaimNote } from '../../../../node/app/settlement/settlement-notes.ts';
import { parseDealId, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';

const claim = (changes: Partial<ClaimNote>): ClaimNote => ({
  dealId: parseDealId(`0x${'01'.repeat(32)}`),
  ...{
    fromEpoch: parseEpoch(1),
    toEpoch: parseEpoch(4),
    root: `0x${'aa'.repeat(24)}`,
    totalBytes: 9n,
    receipts: 3,
  },
  ...{ lockedWei: 9n, bondWei: 1n, committedBlock: 98, seedBlock: 100, lastBlock: 164, state: 'committed' },
  ...changes,
});

describe('deadlines of claims', () => {
  it('are told in blocks and, at the pace of late, as a time; the most urgent comes first', () => {
    const claims = [
      claim({ lastBlock: 164 }),
      claim({ lastBlock: 120, state: 'seeded' }),
      claim({ state: 'paid' }),
    ];
    const pace = {
      head: { block: 110, timestampSeconds: 5_000 },
      earlier: { block: 60, timestampSeconds: 4_400 },
    };
    const open = openClaims(claims, pace);
    expect(open.map(({ blocksLeft }) => blocksLeft)).to.deep.equal([10, 54]);
    expect(open.map(({ deadlineSeconds }) => deadlineSeconds)).to.deep.equal([5_120, 5_648]);
  });

  it('are blocks alone while the chain does not answer', () => {
    expect(openClaims([claim({})], undefined)[0]).to.deep.include({
      ...{ blocksLeft: undefined, deadlineSeconds: undefined },
    });
  });
});
