import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import fc from 'fast-check';

import { peerEarnings } from '../../../../node/app/peers/peer-earnings.ts';
import { PeerStore, type PeerAccount } from '../../../../node/app/peers/peer-store.ts';
import { parseDealId, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';

const DEAL = parseDealId(`0x${'d1'.repeat(32)}`);
const OTHER = parseDealId(`0x${'d2'.repeat(32)}`);
const account = (change: Partial<PeerAccount>): PeerAccount => ({
  ...{ dealId: DEAL, handedThrough: parseEpoch(7), coveredThrough: parseEpoch(5) },
  ...{ handedBytes: 900n, earnedWei: 90n, postedWei: 60n, paidWei: 40n },
  ...change,
});

describe('earnings of a peer', () => {
  it('are what was paid, what can be claimed, and what no root promises yet', () => {
    const gas = {
      transaction: '0x1',
      dealId: DEAL,
      paidWei: 40n,
      gasUsed: 3n,
      gasCostWei: 33n,
      atSeconds: 1,
    };
    const totals = () => ({ keptBytes: 300n, paidBytes: 700n });
    const earnings = peerEarnings({ accounts: () => [account({})], claims: () => [gas] }, { totals });
    expect(earnings).to.deep.include({ earnedWei: 90n, paidWei: 40n });
    expect(earnings.deals).to.deep.equal([
      {
        ...{ dealId: DEAL, bytes: 1_000n, unhandedBytes: 100n, earnedWei: 90n, postedWei: 60n, paidWei: 40n },
        ...{ claimableWei: 20n, unpostedWei: 30n, gasCostWei: 33n },
      },
    ]);
  });

  it('add up whatever was read when, and no part is negative', () => {
    const wei = fc.bigInt(0n, 10n ** 24n);
    fc.assert(
      fc.property(fc.array(fc.tuple(wei, wei, wei, wei, wei), { maxLength: 5 }), (figures) => {
        const accounts = figures.map(([handedBytes, earnedWei, postedWei, paidWei]) =>
          account({ handedBytes, earnedWei, postedWei, paidWei }),
        );
        const totals = () => ({ keptBytes: figures[0]?.[4] ?? 0n, paidBytes: 0n });
        const { deals } = peerEarnings({ accounts: () => accounts, claims: () => [] }, { totals });
        for (const deal of deals) {
          expect(deal.earnedWei).to.equal(deal.paidWei + deal.claimableWei + deal.unpostedWei);
          const parts = [deal.claimableWei, deal.unpostedWei, deal.unhandedBytes];
          expect(parts.every((part) => part >= 0n)).to.equal(true);
        }
      }),
    );
  });

  it('are kept over a restart, and a claim is noted once', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-peer-store-'));
    const path = join(directory, 'peer-accounts.sqlite');
    let store = PeerStore.open(path);
    try {
      expect(store.account(OTHER)).to.deep.include({ dealId: OTHER, earnedWei: 0n, handedThrough: 0 });
      store.note(DEAL, { handedThrough: parseEpoch(9), earnedWei: 2n ** 80n });
      store.note(DEAL, { paidWei: 5n });
      const note = {
        transaction: '0xa',
        dealId: DEAL,
        paidWei: 5n,
        gasUsed: 6n,
        gasCostWei: 7n,
        atSeconds: 8,
      };
      store.noteClaim(note);
      store.noteClaim({ ...note, paidWei: 99n });
      store.close();
      store = PeerStore.open(path);
      expect(store.account(DEAL)).to.deep.include({ handedThrough: 9, earnedWei: 2n ** 80n, paidWei: 5n });
      expect(store.accounts()).to.have.length(1);
      expect(store.claims()).to.deep.equal([note]);
    } finally {
      store.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
