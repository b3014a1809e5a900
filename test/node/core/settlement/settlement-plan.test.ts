import { expect } from 'chai';
import fc from 'fast-check';
import {
  DIRECT_CLAIM_BASE_GAS,
  EPOCH_GRACE_MS,
  MAX_RECEIPTS_PER_DIRECT_CLAIM,
} from '../../../../node/core/settlement/settlement-limits.ts';
import {
  lastRipeEpoch,
  planSettlement,
  type DealAccount,
  type SettlementPolicy,
} from '../../../../node/core/settlement/settlement-plan.ts';
import { parseDealId, parseEpoch, type Epoch } from '../../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../../sdk/protocol/limits.ts';

const EPOCH_SECONDS = 5;
const dealId = parseDealId(`0x${'11'.repeat(32)}`);
const policy: SettlementPolicy = { minimumDueWei: 10n, directClaimAfterEpochs: 3, tokenWeiPerGas: 0n };

/** A moment at which `epoch` is the last ripe one. */
const ripeAt = (epoch: number) => (epoch + 1) * EPOCH_SECONDS * 1000 + EPOCH_GRACE_MS;

function meter(epoch: number, bytes: bigint, receipts = 1) {
  return { epoch: parseEpoch(epoch), bytes, receipts };
}

function deal(overrides: Partial<DealAccount> = {}): DealAccount {
  return {
    dealId,
    ratePerGiB: GIB_BYTES,
    balanceWei: 1_000_000n,
    paidWei: 0n,
    throughEpoch: parseEpoch(0),
    epochs: [meter(10, 100n), meter(11, 50n)],
    coordinatorMayKnowMore: false,
    ...overrides,
  };
}

function decide(
  state: DealAccount,
  at: { epoch: number; requested?: boolean; policy?: Partial<SettlementPolicy> },
) {
  const plan = planSettlement({
    nowMs: ripeAt(at.epoch),
    epochSeconds: EPOCH_SECONDS,
    deals: [state],
    policy: { ...policy, ...at.policy },
    requested: at.requested ?? false,
  });
  const [step] = plan.steps;
  if (step === undefined) expect.fail('every deal gets a step');
  return step;
}

describe('settlement plan', () => {
  it('asks for a voucher over all ended epochs and states what it must say', () => {
    expect(decide(deal({ paidWei: 30n }), { epoch: 11 })).to.deep.include({
      kind: 'voucher',
      throughEpoch: 11,
      cumulativeWei: 150n,
      dueWei: 120n,
    });
  });

  it('leaves a running epoch alone', () => {
    expect(decide(deal(), { epoch: 10 })).to.deep.include({
      kind: 'voucher',
      throughEpoch: 10,
      dueWei: 100n,
    });
    expect(decide(deal(), { epoch: 9 })).to.deep.include({ kind: 'wait', reason: 'EPOCH_RUNNING' });
  });

  it('waits below the minimum, unless asked or thawing', () => {
    const small = deal({ epochs: [meter(10, 9n)] });
    expect(decide(small, { epoch: 11 })).to.deep.include({
      kind: 'wait',
      reason: 'BELOW_MINIMUM',
      dueWei: 9n,
    });
    expect(decide(small, { epoch: 11, requested: true }).kind).to.equal('voucher');
    expect(decide({ ...small, thawEndsAtSeconds: 1e9 }, { epoch: 11 }).kind).to.equal('voucher');
  });

  it('waits when gas would eat what is due', () => {
    expect(decide(deal(), { epoch: 11, policy: { tokenWeiPerGas: 1n } })).to.deep.include({
      kind: 'wait',
      reason: 'GAS_EXCEEDS_DUE',
      dueWei: 150n,
    });
  });

  it('asks again when viewers may have handed receipts to the coordinator', () => {
    const settled = deal({ paidWei: 150n, throughEpoch: parseEpoch(11) });
    expect(decide(settled, { epoch: 12 })).to.deep.include({ kind: 'wait', reason: 'NOTHING_DUE' });
    expect(decide({ ...settled, coordinatorMayKnowMore: true }, { epoch: 12 })).to.deep.include({
      kind: 'voucher',
      throughEpoch: 12,
      dueWei: 0n,
    });
  });

  it('says when the escrow is exhausted', () => {
    expect(decide(deal({ balanceWei: 0n }), { epoch: 11 })).to.deep.include({
      kind: 'wait',
      reason: 'ESCROW_EXHAUSTED',
    });
  });

  it('claims directly after the coordinator failed long enough, sooner when a thaw ends', () => {
    const failing = deal({ coordinatorFailingSince: parseEpoch(10) });
    expect(decide(failing, { epoch: 12 }).kind).to.equal('voucher');
    expect(decide(failing, { epoch: 13 })).to.deep.include({
      kind: 'direct-claim',
      toEpoch: 11,
      receipts: 2,
      bytes: 150n,
      dueWei: 150n,
    });
    const ending = { ...failing, thawEndsAtSeconds: 13 * EPOCH_SECONDS };
    expect(decide(ending, { epoch: 11 }).kind).to.equal('direct-claim');
  });

  it('splits a claim at whole epochs, and waits when one epoch alone is too large', () => {
    const many = deal({
      coordinatorFailingSince: parseEpoch(1),
      epochs: [meter(11, 7n, MAX_RECEIPTS_PER_DIRECT_CLAIM), meter(10, 5n, 1)],
    });
    expect(decide(many, { epoch: 20 })).to.deep.include({
      kind: 'direct-claim',
      toEpoch: 10,
      receipts: 1,
      bytes: 5n,
    });
    const huge = deal({
      coordinatorFailingSince: parseEpoch(1),
      epochs: [meter(10, 5n, MAX_RECEIPTS_PER_DIRECT_CLAIM + 1)],
    });
    expect(decide(huge, { epoch: 20 })).to.deep.include({ kind: 'wait', reason: 'TOO_MANY_RECEIPTS' });
  });

  it('never claims what is not worth its gas', () => {
    const failing = deal({
      coordinatorFailingSince: parseEpoch(1),
      epochs: [meter(10, DIRECT_CLAIM_BASE_GAS)],
    });
    expect(decide(failing, { epoch: 20, policy: { tokenWeiPerGas: 1n } })).to.deep.include({
      kind: 'wait',
      reason: 'GAS_EXCEEDS_DUE',
    });
  });
});

describe('settlement plan, for any state', () => {
  const epoch = fc.integer({ min: 1, max: 60 }).map(parseEpoch);
  const anyDeal: fc.Arbitrary<DealAccount> = fc.record({
    dealId: fc.constant(dealId),
    ratePerGiB: fc.bigInt({ min: 0n, max: 10n ** 19n }),
    balanceWei: fc.bigInt({ min: 0n, max: 10n ** 21n }),
    paidWei: fc.bigInt({ min: 0n, max: 10n ** 20n }),
    throughEpoch: epoch,
    epochs: fc.uniqueArray(
      fc.record({
        epoch,
        bytes: fc.bigInt({ min: 1n, max: 1n << 40n }),
        receipts: fc.integer({ min: 1, max: 300 }),
      }),
      { selector: (one) => one.epoch, maxLength: 12 },
    ),
    coordinatorFailingSince: fc.option(epoch, { nil: undefined }),
    coordinatorMayKnowMore: fc.boolean(),
    thawEndsAtSeconds: fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined }),
  });
  const question = fc.record({
    nowMs: fc.integer({ min: 0, max: 400_000 }),
    epochSeconds: fc.constantFrom(1, 5, 60),
    deals: fc.array(anyDeal, { maxLength: 4 }),
    policy: fc.record({
      minimumDueWei: fc.bigInt({ min: 0n, max: 10n ** 18n }),
      directClaimAfterEpochs: fc.integer({ min: 0, max: 20 }),
      tokenWeiPerGas: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    }),
    requested: fc.boolean(),
  });

  it('settles only ended epochs, never more than the allocation holds, and wakes in the future', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const plan = planSettlement(asked);
        expect(plan.steps.length).to.equal(asked.deals.length);
        expect(plan.nextWakeMs).to.be.above(asked.nowMs);
        expect(plan.nextWakeMs - asked.nowMs).to.be.at.most(asked.epochSeconds * 1000 + EPOCH_GRACE_MS + 1);
        plan.steps.forEach((step, index) => {
          const state = asked.deals[index];
          if (state === undefined) expect.fail('a step for each deal');
          expect(step.dueWei <= state.balanceWei).to.equal(true);
          expect(step.dueWei >= 0n).to.equal(true);
          if (step.kind === 'wait') return;
          const last: Epoch = step.kind === 'voucher' ? step.throughEpoch : step.toEpoch;
          expect((last + 1) * asked.epochSeconds * 1000 + EPOCH_GRACE_MS).to.be.at.most(asked.nowMs);
          if (step.kind !== 'direct-claim') return;
          expect(step.toEpoch).to.be.above(state.throughEpoch);
          expect(step.receipts).to.be.at.most(MAX_RECEIPTS_PER_DIRECT_CLAIM);
          expect(step.dueWei > step.gas * asked.policy.tokenWeiPerGas).to.equal(true);
        });
      }),
    );
  });

  it('finds the ripe epoch for any time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e12 }),
        fc.integer({ min: 1, max: 86_400 }),
        (nowMs, seconds) => {
          const ripe = lastRipeEpoch(nowMs, seconds);
          const next = ripe === undefined ? 0 : ripe + 1;
          expect((next + 1) * seconds * 1000 + EPOCH_GRACE_MS).to.be.above(nowMs);
          if (ripe !== undefined) expect((ripe + 1) * seconds * 1000 + EPOCH_GRACE_MS).to.be.at.most(nowMs);
        },
      ),
    );
  });
});
