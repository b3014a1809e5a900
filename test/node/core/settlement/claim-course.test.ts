import { expect } from 'chai';
import fc from 'fast-check';
import {
  nextClaimAction,
  type ClaimAction,
  type ClaimQuestion,
} from '../../../../node/core/settlement/claim-course.ts';
import { CLAIM_URGENT_BLOCKS } from '../../../../node/core/settlement/settlement-limits.ts';

const question = (change: Partial<ClaimQuestion> = {}): ClaimQuestion => ({
  claim: { state: 'committed', seedBlock: 100, lastBlock: 356 },
  headBlock: 132,
  saltWindowBlocks: 32,
  openingWindowBlocks: 7_200,
  hasReceipts: true,
  hasVoucher: false,
  gasAboveCeiling: false,
  ...change,
});
const next = (change: Partial<ClaimQuestion>): ClaimAction => nextClaimAction(question(change));

describe('course of a claim', () => {
  it('waits for the salt window, then opens at once', () => {
    expect(next({ headBlock: 131 })).to.deep.equal({
      kind: 'wait-for-seed',
      untilBlock: 132,
      deadlineBlock: 356,
    });
    expect(next({})).to.deep.equal({ kind: 'open', deadlineBlock: 356 });
  });

  it('waits for cheaper gas until the window is near its end, pins then, and waits on', () => {
    const dear = { gasAboveCeiling: true };
    expect(next(dear).kind).to.equal('wait-for-gas');
    expect(next({ ...dear, headBlock: 291 }).kind).to.equal('wait-for-gas');
    expect(next({ ...dear, headBlock: 292 }).kind).to.equal('pin');
    const seeded = { state: 'seeded', seedBlock: 100, lastBlock: 7_300 } as const;
    expect(next({ ...dear, claim: seeded, headBlock: 292 }).kind).to.equal('wait-for-gas');
    expect(next({ ...dear, claim: seeded, headBlock: 7_236 })).to.deep.equal({
      kind: 'open',
      deadlineBlock: 7_300,
    });
  });

  it('opens instead of pinning where a pin gains too little', () => {
    const last = { gasAboveCeiling: true, headBlock: 292 };
    expect(next({ ...last, openingWindowBlocks: 256 + CLAIM_URGENT_BLOCKS - 1 }).kind).to.equal('open');
    expect(next({ ...last, openingWindowBlocks: 256 + CLAIM_URGENT_BLOCKS }).kind).to.equal('pin');
  });

  it('gives way to a voucher that is worth as much, even after the window', () => {
    expect(next({ hasVoucher: true, headBlock: 101 }).kind).to.equal('supersede');
    expect(next({ hasVoucher: true, headBlock: 400, gasAboveCeiling: true }).kind).to.equal('supersede');
    expect(next({ hasVoucher: true, gasAboveCeiling: true }).kind).to.equal('wait-for-gas');
  });

  it('waits for a voucher when the receipts are gone, and ends a claim whose window is over', () => {
    expect(next({ hasReceipts: false }).kind).to.equal('wait-for-voucher');
    expect(next({ headBlock: 355 }).kind).to.equal('open');
    expect(next({ headBlock: 356 }).kind).to.equal('void');
    for (const state of ['paid', 'void', 'superseded'] as const) {
      expect(next({ claim: { state, seedBlock: 100, lastBlock: 356 } }).kind).to.equal('done');
    }
  });
});

/** The contract's windows (ISampledClaims), with what was sent mined some blocks later. */
class ModelClaim {
  state: ClaimQuestion['claim']['state'] = 'committed';
  head: number;
  lastBlock: number;
  readonly seedBlock: number;
  readonly salt: number;
  readonly opening: number;
  #sent: { kind: string; block: number }[] = [];

  constructor(terms: { commitBlock: number; salt: number; opening: number }) {
    this.head = terms.commitBlock;
    this.salt = terms.salt;
    this.opening = terms.opening;
    this.seedBlock = terms.commitBlock + 2;
    this.lastBlock = this.seedBlock + Math.min(256, terms.opening);
  }

  get isOpen(): boolean {
    return this.state === 'committed' || this.state === 'seeded';
  }

  send(kind: string, afterBlocks: number): void {
    this.#sent.push({ kind, block: this.head + afterBlocks });
  }

  mine(): void {
    this.head += 1;
    const due = this.#sent.filter(({ block }) => block <= this.head);
    this.#sent = this.#sent.filter(({ block }) => block > this.head);
    for (const { kind } of due) this.#run(kind);
  }

  #run(kind: string): void {
    if (!this.isOpen) return;
    const inWindow = this.head > this.seedBlock + this.salt && this.head <= this.lastBlock;
    if (kind === 'pin' && this.state === 'committed' && inWindow) {
      this.state = 'seeded';
      this.lastBlock = this.seedBlock + this.opening;
    }
    if (kind === 'open' && inWindow) this.state = 'paid';
    if (kind === 'void' && this.head > this.lastBlock) this.state = 'void';
  }
}

describe('course of a claim, for any progress of the chain', () => {
  const tick = fc.record({
    /** Blocks until the node looks again: it was down, or the chain away. */
    gap: fc.nat(1_000),
    /** Blocks until what it sends is mined: it was lost and sent again, replaced, or reorganised away. */
    latency: fc.nat(1_000),
    dear: fc.boolean(),
  });
  /** How many blocks of a margin may go into the mining of what is sent; the others into not looking. */
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const run = fc.record({
    commitBlock: fc.nat(1_000),
    salt: fc.nat(60),
    extra: fc.integer({ min: 2, max: 700 }),
    ticks: fc.array(tick, { minLength: 1, maxLength: 30 }),
    alwaysDear: fc.boolean(),
  });

  it('is paid, and never missed, while the node looks and sends within the margin', () => {
    fc.assert(
      fc.property(run, share, ({ commitBlock, salt, extra, ticks, alwaysDear }, latencyShare) => {
        const claim = new ModelClaim({ commitBlock, salt, opening: salt + extra });
        const window = claim.lastBlock - claim.seedBlock - salt;
        const margin = Math.min(CLAIM_URGENT_BLOCKS, Math.ceil(window / 2));
        const mostLatency = Math.max(1, Math.floor(latencyShare * margin));
        const mostGap = Math.max(0, margin - mostLatency);
        for (let i = 0; claim.isOpen && i < 5_000; i++) {
          const { gap, latency, dear } = ticks[i % ticks.length] ?? { gap: 0, latency: 0, dear: false };
          const action = nextClaimAction({
            claim,
            headBlock: claim.head,
            saltWindowBlocks: salt,
            openingWindowBlocks: claim.opening,
            hasReceipts: true,
            hasVoucher: false,
            gasAboveCeiling: alwaysDear || dear,
          });
          const sends = action.kind === 'open' || action.kind === 'pin' || action.kind === 'void';
          const blocks = sends ? 1 + (latency % mostLatency) : 1 + (gap % Math.max(1, mostGap));
          if (sends) claim.send(action.kind, blocks);
          for (let block = 0; block < blocks; block++) claim.mine();
        }
        expect(claim.state).to.equal('paid');
      }),
      { numRuns: 500 },
    );
  });

  it('ends in the end, whatever is missed, and loses the bond only after the window', () => {
    fc.assert(
      fc.property(run, fc.boolean(), ({ commitBlock, salt, extra, ticks }, hasReceipts) => {
        const claim = new ModelClaim({ commitBlock, salt, opening: salt + extra });
        for (let i = 0; claim.isOpen && i < 5_000; i++) {
          const { gap, latency } = ticks[i % ticks.length] ?? { gap: 0, latency: 0 };
          const action = nextClaimAction({
            claim,
            headBlock: claim.head,
            saltWindowBlocks: salt,
            openingWindowBlocks: claim.opening,
            hasReceipts,
            hasVoucher: false,
            gasAboveCeiling: false,
          });
          if (action.kind === 'void') expect(claim.head).to.be.at.least(claim.lastBlock);
          if ('deadlineBlock' in action) expect(action.deadlineBlock).to.be.above(claim.head);
          claim.send(action.kind, 1 + latency);
          for (let block = 0; block <= gap; block++) claim.mine();
        }
        expect(claim.isOpen).to.equal(false);
        if (!hasReceipts) expect(claim.state).to.equal('void');
      }),
      { numRuns: 200 },
    );
  });
});
