import { expect } from 'chai';

import { missingHandIn } from '../../../../node/core/settlement/hand-in.ts';
import { EPOCH_GRACE_MS } from '../../../../node/core/settlement/settlement-limits.ts';
import { planSettlement, type SettlementPlan } from '../../../../node/core/settlement/settlement-plan.ts';
import type { DealAccount } from '../../../../node/core/settlement/settlement-question.ts';
import { parseDealId, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../../sdk/protocol/limits.ts';

const EPOCH_SECONDS = 5;
const dealId = parseDealId(`0x${'11'.repeat(32)}`);

function deal(overrides: Partial<DealAccount> = {}): DealAccount {
  return {
    ...{ dealId, ratePerGiB: GIB_BYTES, balanceWei: 1_000n, paidWei: 0n, throughEpoch: parseEpoch(8) },
    epochs: [{ epoch: parseEpoch(10), bytes: 100n, receipts: 1 }],
    coordinatorMayKnowMore: false,
    ...overrides,
  };
}

const missing = (overrides: Partial<DealAccount>, ripe: number) =>
  missingHandIn(deal(overrides), parseEpoch(ripe), EPOCH_SECONDS);

function plan(account: DealAccount, minimumDueWei: bigint): SettlementPlan {
  return planSettlement({
    nowMs: 11 * EPOCH_SECONDS * 1000 + EPOCH_GRACE_MS,
    ...{ epochSeconds: EPOCH_SECONDS, deals: [account], requested: false },
    policy: { minimumDueWei, directClaimAfterEpochs: 3, tokenWeiPerGas: 0n },
    claimTerms: { samples: 16, bondFloorWei: 1n },
  });
}

describe('handing receipts in', () => {
  it('is due for ended epochs that the coordinator has not answered for, once', () => {
    expect(missing({}, 9)).to.equal(undefined);
    expect(missing({}, 10)).to.deep.equal({ dealId, throughEpoch: 10, afterEpoch: 8 });
    expect(missing({ handedInThrough: parseEpoch(9) }, 11)).to.include({ afterEpoch: 9, throughEpoch: 11 });
    expect(missing({ handedInThrough: parseEpoch(10) }, 11)).to.equal(undefined);
    expect(missing({ throughEpoch: parseEpoch(10) }, 11)).to.equal(undefined);
  });

  it('is due in each epoch of a thaw, with or without receipts: a publisher that closes waits for the word', () => {
    const thawing = { epochs: [], thawEndsAtSeconds: 13 * EPOCH_SECONDS };
    expect(missing(thawing, 10)).to.include({ throughEpoch: 10 });
    expect(missing({ ...thawing, handedInThrough: parseEpoch(10) }, 11)).to.include({ throughEpoch: 11 });
    expect(missing({ ...thawing, handedInThrough: parseEpoch(12) }, 20)).to.equal(undefined);
  });

  it('needs no money: below the minimum, with an empty escrow, after the escrow was taken back', () => {
    const handIns = [{ dealId, throughEpoch: 10, afterEpoch: 8 }];
    expect(plan(deal(), 1_000_000n)).to.deep.include({ handIns });
    expect(plan(deal({ balanceWei: 0n }), 1n)).to.deep.include({ handIns });
    const [waits] = plan(deal({ balanceWei: 0n }), 1n).steps;
    expect(waits).to.include({ kind: 'wait', reason: 'ESCROW_EXHAUSTED' });
  });

  it('is left to the voucher that a deal is settled by, and to an open claim', () => {
    const settling = plan(deal(), 1n);
    expect(settling.steps[0]).to.include({ kind: 'voucher' });
    expect(settling.handIns).to.deep.equal([]);
    const openClaim = { toEpoch: parseEpoch(10), lastBlock: 99 };
    expect(plan(deal({ openClaim }), 1n).handIns).to.deep.equal([]);
  });
});
