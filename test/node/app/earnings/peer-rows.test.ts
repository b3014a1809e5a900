import { expect } from 'chai';
import { earningsDocument } from '../../../../node/app/control/documents.ts';
import { encodeEarnings } from '../../../../node/app/earnings/encode-earnings.ts';
import { EARNINGS_GROUPINGS } from '../../../../node/app/earnings/earnings-table.ts';
import { nodeEarnings } from '../../../../node/app/earnings/node-earnings.ts';
import type { PeerAccount } from '../../../../node/app/peers/peer-store.ts';
import type { GasNote } from '../../../../node/app/settlement/settlement-notes.ts';
import { parseDealId, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';

const dealId = (n: number) => parseDealId(`0x${n.toString(16).padStart(64, '0')}`);

const account = (n: number, earnedWei: bigint, postedWei: bigint, paidWei: bigint): PeerAccount => ({
  ...{ dealId: dealId(n), handedThrough: parseEpoch(3), handedBytes: 80n, coveredThrough: parseEpoch(2) },
  ...{ earnedWei, postedWei, paidWei },
});

const claim: GasNote = {
  ...{
    transaction: '0x1',
    step: 'peer-claim',
    dealIds: [dealId(1)],
    gasUsed: 9n,
    gasCostWei: 90n,
    atSeconds: 5,
  },
};

const earnings = nodeEarnings({
  journal: { totals: () => undefined },
  store: {
    ...{
      deals: () => [],
      metered: () => new Map(),
      voucher: () => undefined,
      payments: () => [],
      claims: () => [],
    },
    gasNotes: () => [claim],
  },
  allocation: () => undefined,
  ripeEpoch: undefined,
  peerStore: {
    accounts: () => [account(1, 100n, 70n, 40n), account(2, 11n, 0n, 0n)],
    claims: () => [
      { transaction: '0x1', dealId: dealId(1), paidWei: 40n, gasUsed: 9n, gasCostWei: 90n, atSeconds: 5 },
    ],
  },
});

describe('earnings of a peer', () => {
  it('stand in the table, add up, and pay for their gas', () => {
    for (const by of EARNINGS_GROUPINGS) {
      const view = {
        by,
        paidFrom: 'chain',
        epochSeconds: 5,
        gasTokenWei: 10n ** 17n,
        openClaims: [],
      } as const;
      const document = earningsDocument.parse(encodeEarnings(earnings, view));
      expect(document.total).to.include({
        ...{ meteredWei: '111', settledWei: '70', paidWei: '40', voucherDueWei: '30', unsettledWei: '41' },
      });
      expect(document.rows).to.have.lengthOf(by === 'deal' ? 2 : 1);
      expect(document.routes).to.have.lengthOf(1);
      expect(document.routes[0]).to.include({
        route: 'peer-claim',
        payments: 1,
        paidWei: '40',
        gasUsed: '9',
      });
      expect([document.gasCostWei, document.netWei]).to.deep.equal(['90', '31']);
      expect(document.peerAccounts.map(({ claimableWei }) => claimableWei)).to.deep.equal(['30', '0']);
    }
  });
});
