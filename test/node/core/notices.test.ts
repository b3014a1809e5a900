import { expect } from 'chai';

import {
  NOTICE_SKEW_SECONDS,
  NOTICE_VALIDITY_SECONDS,
  type ContentNotice,
} from '../../../sdk/protocol/content-notice.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
} from '../../../sdk/protocol/identifiers.ts';
import { refuseAge, refuseAuthor } from '../../../node/core/notices/notice-admission.ts';
import { Withdrawals, withoutWithdrawn } from '../../../node/core/notices/withdrawals.ts';

const PUBLISHER = parseAddress(`0x${'a1'.repeat(20)}`);
const STRANGER = parseAddress(`0x${'a2'.repeat(20)}`);
const ROOT = parseContentRoot(`0x${'c1'.repeat(32)}`);
const OTHER_ROOT = parseContentRoot(`0x${'c2'.repeat(32)}`);
const DEAL = parseDealId(`0x${'d1'.repeat(32)}`);
const OTHER_DEAL = parseDealId(`0x${'d2'.repeat(32)}`);
const NOW = 1_795_000_000;
const NOTICE: ContentNotice = {
  dealId: DEAL,
  kind: 'purge',
  contentRoot: ROOT,
  path: '',
  tag: '',
  sequence: 1n,
  issuedAt: BigInt(NOW),
};

describe('The age of a notice', () => {
  for (const [kind, laterSeconds, expected] of [
    ['purge', NOTICE_VALIDITY_SECONDS, undefined],
    ['purge', NOTICE_VALIDITY_SECONDS + 1, 'NOTICE_EXPIRED'],
    ['tag', NOTICE_VALIDITY_SECONDS + 1, 'NOTICE_EXPIRED'],
    ['takedown', 100 * NOTICE_VALIDITY_SECONDS, undefined],
    ['takedown', -NOTICE_SKEW_SECONDS, undefined],
    ['takedown', -NOTICE_SKEW_SECONDS - 1, 'NOTICE_NOT_YET_VALID'],
  ] as const) {
    it(`of ${laterSeconds} s makes a ${kind} ${expected ?? 'good'}`, () => {
      expect(refuseAge({ ...NOTICE, kind }, NOW + laterSeconds)?.code).to.equal(expected);
    });
  }
});

describe('The author of a notice', () => {
  const deal = { publisher: PUBLISHER, contentRoot: ROOT };

  it('is the publisher of the deal, and speaks of its content', () => {
    expect(refuseAuthor(NOTICE, PUBLISHER, deal)).to.equal(undefined);
    const strange = refuseAuthor(NOTICE, STRANGER, deal);
    expect(strange).to.deep.include({ code: 'NOTICE_BAD_SIGNATURE', isForgery: true });
    expect(strange?.values).to.deep.equal({ expected: PUBLISHER, actual: STRANGER });
    expect(refuseAuthor(NOTICE, undefined, deal)).to.include({ code: 'NOTICE_BAD_SIGNATURE' });
    const wrong = refuseAuthor({ ...NOTICE, contentRoot: OTHER_ROOT }, PUBLISHER, deal);
    expect(wrong).to.include({ code: 'NOTICE_WRONG_CONTENT', isForgery: true });
  });

  it('is not held against a neighbour when the deal is not known here', () => {
    expect(refuseAuthor(NOTICE, PUBLISHER, undefined)).to.include({
      code: 'NOTICE_UNKNOWN_DEAL',
      isForgery: false,
    });
  });
});

describe('Withdrawals', () => {
  it('withhold a content as long as no other deal wants it', () => {
    const withdrawals = new Withdrawals();
    const first = { dealId: DEAL, contentRoot: ROOT };
    const second = { dealId: OTHER_DEAL, contentRoot: ROOT };
    expect(withdrawals.withholds(ROOT, () => [])).to.equal(false);
    withdrawals.add(DEAL, ROOT);
    expect(withdrawals.withholds(ROOT, () => [first])).to.equal(true);
    expect(withdrawals.withholds(ROOT, () => [first, second])).to.equal(false);
    expect(withdrawals.withholds(OTHER_ROOT, () => [])).to.equal(false);
    withdrawals.add(OTHER_DEAL, ROOT);
    expect(withdrawals.withholds(ROOT, () => [first, second])).to.equal(true);
  });

  it('mark the allocations of their deals, and no others', async () => {
    const withdrawals = new Withdrawals();
    withdrawals.add(DEAL, ROOT);
    const allocation = {
      state: 'active' as const,
      balanceWei: 1n,
      ratePerGiB: 1n,
      throughEpoch: parseEpoch(0),
    };
    const deals = withoutWithdrawn(
      { deal: async () => undefined, allocation: async () => allocation },
      withdrawals,
    );
    expect(await deals.allocation(DEAL)).to.deep.equal({ ...allocation, isWithdrawn: true });
    expect(await deals.allocation(OTHER_DEAL)).to.deep.equal(allocation);
  });
});
