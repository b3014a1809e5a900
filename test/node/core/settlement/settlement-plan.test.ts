import { expect } from 'chai';
import fc from 'fast-check';
import {
  DIRECT_CLAIM_BASE_GAS,
  DIRECT_CLAIM_RECEIPT_GAS,
  EPOCH_GRACE_MS,
  MAX_RECEIPTS_PER_DIRECT_CLAIM,
} from '../../../../node/core/settlement/settlement-limits.ts';
import { lastRipeEpoch, planSettlement } from '../../../../node/core/settlement/settlement-plan.ts';
import type {
  DealAccount,
  SampledClaimTerms,
  SettlementPolicy,
  SettlementQuestion,
} from '../../../../node/core/settlement/settlement-question.ts';
import { explainWait } from '../../../../node/core/settlement/wait-reason.ts';
import { parseDealId, parseEpoch, type Epoch } from '../../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../../sdk/protocol/limits.ts';

const EPOCH_SECONDS = 5;
const dealId = parseDealId(`0x${'11'.repeat(32)}`);
const policy: SettlementPolicy = { minimumDueWei: 10n, directClaimAfterEpochs: 3, tokenWeiPerGas: 0n };
const claimTerms: SampledClaimTerms = { samples: 16, bondFloorWei: 20n };

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
  at: { epoch: number; requested?: boolean; policy?: Partial<SettlementPolicy> } & Partial<
    Pick<SettlementQuestion, 'gasPriceWei' | 'bondableWei'>
  >,
) {
  const plan = planSettlement({
    nowMs: ripeAt(at.epoch),
    epochSeconds: EPOCH_SECONDS,
    deals: [state],
    policy: { ...policy, ...at.policy },
    claimTerms,
    gasPriceWei: at.gasPriceWei,
    bondableWei: at.bondableWei,
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

  const silent = (...epochs: DealAccount['epochs']): DealAccount =>
    deal({ coordinatorFailingSince: parseEpoch(1), epochs, balanceWei: 10n ** 12n });

  it('claims by samples what is cheaper so, else each receipt', () => {
    expect(decide(silent(meter(10, 100n, 20), meter(11, 50n, 10)), { epoch: 20 })).to.deep.include({
      kind: 'direct-claim',
      receipts: 30,
    });
    expect(decide(silent(meter(10, 100n, 20), meter(11, 50n, 40)), { epoch: 20 })).to.deep.equal({
      kind: 'sampled-claim',
      dealId,
      toEpoch: 11,
      receipts: 60,
      bytes: 150n,
      dueWei: 150n,
      bondWei: 20n,
      gas: 488_000n,
    });
  });

  it('claims by samples from 35 receipts on at 16 samples, from 58 at 32', () => {
    const kindOf = (receipts: number, samples: number) => {
      const { steps } = planSettlement({
        nowMs: ripeAt(20),
        epochSeconds: EPOCH_SECONDS,
        deals: [silent(meter(10, 1_000n, receipts))],
        policy,
        claimTerms: { samples, bondFloorWei: 0n },
        requested: false,
      });
      return steps[0]?.kind;
    };
    expect([kindOf(34, 16), kindOf(35, 16)]).to.deep.equal(['direct-claim', 'sampled-claim']);
    expect([kindOf(57, 32), kindOf(58, 32)]).to.deep.equal(['direct-claim', 'sampled-claim']);
  });

  it("claims by samples from the operator's own number of receipts on, in any number in one epoch", () => {
    const few = silent(meter(10, 100n, 3));
    const own = { sampledClaimFromReceipts: 3 };
    expect(decide(few, { epoch: 20, policy: own }).kind).to.equal('sampled-claim');
    expect(decide(few, { epoch: 20, policy: { sampledClaimFromReceipts: 4 } }).kind).to.equal('direct-claim');
    const huge = silent(meter(10, 10n ** 6n, 1_000_000));
    expect(decide(huge, { epoch: 20, policy: { sampledClaimFromReceipts: 10 ** 7 } })).to.deep.include({
      kind: 'sampled-claim',
      receipts: 1_000_000,
      bondWei: 10n ** 6n / 16n,
    });
    expect(decide(silent(meter(10, 15n, 15)), { epoch: 20, policy: own }).kind).to.equal('direct-claim');
  });

  it('claims as many whole epochs directly as fit when the bond is short, else says what is missing', () => {
    const many = silent(meter(11, 700n, MAX_RECEIPTS_PER_DIRECT_CLAIM), meter(10, 500n, 1));
    expect(decide(many, { epoch: 20, bondableWei: 74n })).to.deep.include({
      kind: 'direct-claim',
      toEpoch: 10,
      receipts: 1,
      bytes: 500n,
    });
    expect(decide(many, { epoch: 20, bondableWei: 75n })).to.deep.include({
      kind: 'sampled-claim',
      bondWei: 75n,
    });
    const huge = silent(meter(10, 500n, MAX_RECEIPTS_PER_DIRECT_CLAIM + 1));
    const step = decide(huge, { epoch: 20, bondableWei: 30n });
    expect(step).to.deep.equal({
      kind: 'wait',
      dealId,
      reason: 'BOND_SHORT',
      haveWei: 30n,
      needWei: 31n,
      dueWei: 500n,
    });
    if (step.kind === 'wait') expect(explainWait(step)).to.contain('31').and.contain('30');
  });

  it('covers the bonds of claims of the same round together', () => {
    const one = silent(meter(10, 500n, 300));
    const question = { nowMs: ripeAt(20), epochSeconds: EPOCH_SECONDS, policy, claimTerms, requested: false };
    const { steps } = planSettlement({ ...question, deals: [one, one], bondableWei: 61n });
    expect(steps.map((step) => (step.kind === 'wait' ? step.reason : step.kind))).to.deep.equal([
      'sampled-claim',
      'BOND_SHORT',
    ]);
  });

  it('claims each receipt when a thaw ends before a commitment would be mined', () => {
    const thawing = { ...silent(meter(10, 500n, 100)), thawEndsAtSeconds: 22 * EPOCH_SECONDS };
    expect(decide(thawing, { epoch: 20 }).kind).to.equal('sampled-claim');
    expect(decide(thawing, { epoch: 21 }).kind).to.equal('direct-claim');
    const huge = { ...silent(meter(10, 500n, 300)), thawEndsAtSeconds: 22 * EPOCH_SECONDS };
    expect(decide(huge, { epoch: 21 })).to.deep.include({
      kind: 'wait',
      reason: 'THAW_ENDED',
      receipts: 300,
    });
  });

  it('waits for an open claim, whatever else is due', () => {
    const openClaim = { toEpoch: parseEpoch(10), lastBlock: 77 };
    expect(decide({ ...deal(), openClaim }, { epoch: 12, requested: true })).to.deep.equal({
      kind: 'wait',
      dealId,
      reason: 'CLAIM_OPEN',
      toEpoch: 10,
      lastBlock: 77,
      dueWei: 0n,
    });
  });

  it('leaves out what was lost with a void claim', () => {
    expect(decide(deal({ voidedBytes: 100n }), { epoch: 11 })).to.deep.include({
      kind: 'voucher',
      cumulativeWei: 50n,
    });
  });

  it('sends nothing while gas is above the ceiling, even when asked, unless a thaw ends', () => {
    const dear = { gasPriceWei: 31n, policy: { maxGasPriceWei: 30n } };
    expect(decide(deal(), { epoch: 11, requested: true, ...dear })).to.deep.equal({
      kind: 'wait',
      dealId,
      reason: 'GAS_PRICE_ABOVE_CEILING',
      gasPriceWei: 31n,
      maxGasPriceWei: 30n,
      dueWei: 150n,
    });
    expect(decide(deal(), { epoch: 11, ...dear, gasPriceWei: 30n }).kind).to.equal('voucher');
    expect(decide(silent(meter(10, 100n, 20)), { epoch: 20, ...dear }).kind).to.equal('wait');
    const ending = { ...silent(meter(10, 100n, 20)), thawEndsAtSeconds: 22 * EPOCH_SECONDS };
    expect(decide(ending, { epoch: 20, ...dear }).kind).to.equal('direct-claim');
  });

  it('never claims what is not worth its gas', () => {
    const failing = deal({
      coordinatorFailingSince: parseEpoch(1),
      epochs: [meter(10, DIRECT_CLAIM_BASE_GAS + DIRECT_CLAIM_RECEIPT_GAS)],
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
        receipts: fc.integer({ min: 1, max: 600 }),
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
      maxGasPriceWei: fc.option(fc.bigInt({ min: 0n, max: 100n }), { nil: undefined }),
      sampledClaimFromReceipts: fc.option(fc.nat(400), { nil: undefined }),
    }),
    claimTerms: fc.record({
      samples: fc.integer({ min: 1, max: 32 }),
      bondFloorWei: fc.bigInt(0n, 10n ** 19n),
    }),
    gasPriceWei: fc.option(fc.bigInt({ min: 0n, max: 100n }), { nil: undefined }),
    bondableWei: fc.option(fc.bigInt({ min: 0n, max: 10n ** 20n }), { nil: undefined }),
    requested: fc.boolean(),
  });

  it('settles only ended epochs, never more than the allocation holds, and wakes in the future', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const plan = planSettlement(asked);
        expect(plan.steps.length).to.equal(asked.deals.length);
        expect(plan.nextWakeMs).to.be.above(asked.nowMs);
        expect(plan.nextWakeMs - asked.nowMs).to.be.at.most(asked.epochSeconds * 1000 + EPOCH_GRACE_MS + 1);
        let bondsWei = 0n;
        plan.steps.forEach((step, index) => {
          const state = asked.deals[index];
          if (state === undefined) expect.fail('a step for each deal');
          expect(step.dueWei <= state.balanceWei).to.equal(true);
          expect(step.dueWei >= 0n).to.equal(true);
          if (step.kind === 'wait') {
            expect(explainWait(step).length).to.be.greaterThan(20);
            return;
          }
          const last: Epoch = step.kind === 'voucher' ? step.throughEpoch : step.toEpoch;
          expect((last + 1) * asked.epochSeconds * 1000 + EPOCH_GRACE_MS).to.be.at.most(asked.nowMs);
          if (step.kind === 'voucher') return;
          expect(step.toEpoch).to.be.above(state.throughEpoch);
          if (step.kind === 'direct-claim') {
            expect(step.receipts).to.be.at.most(MAX_RECEIPTS_PER_DIRECT_CLAIM);
          } else {
            bondsWei += step.bondWei;
            expect(step.bytes >= BigInt(asked.claimTerms.samples)).to.equal(true);
          }
          expect(step.dueWei > step.gas * asked.policy.tokenWeiPerGas).to.equal(true);
        });
        if (asked.bondableWei !== undefined) expect(bondsWei <= asked.bondableWei).to.equal(true);
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
