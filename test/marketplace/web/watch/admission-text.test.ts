import { expect } from 'chai';

import { admissionOf, admittingDeal } from '../../../../marketplace/web/watch/admission-text.ts';

const dealId = `0x${'d1'.repeat(32)}`;
const signature = 'A'.repeat(86);
const KEY = `0x${'a1'.repeat(20)}`;

describe('an admission that a viewer brings', () => {
  it('is read as a log-in service gives it', () => {
    const text = ` ${JSON.stringify({ dealId, expiresAt: 1_800_000_000, signature, name: 'passed over' })}\n`;
    expect(admissionOf(text)).to.deep.equal({ dealId, expiresAt: 1_800_000_000, signature });
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['no JSON', '{dealId'],
    ['no object', 'null'],
    ['no deal', JSON.stringify({ dealId: '0x12', expiresAt: 1, signature })],
    ['no time', JSON.stringify({ dealId, expiresAt: '1', signature })],
    ['half a signature', JSON.stringify({ dealId, expiresAt: 1, signature: signature.slice(1) })],
    ['too long', JSON.stringify({ dealId, expiresAt: 1, signature, more: 'x'.repeat(1_024) })],
  ] as const) {
    it(`is none where there is ${what}`, () => expect(admissionOf(text)).to.equal(undefined));
  }

  it('is needed only where no open deal lets everybody in', () => {
    const closed = { dealId, state: 'closed', audienceKey: null };
    const admits = { dealId, state: 'open', audienceKey: KEY };
    const open = { dealId, state: 'open', audienceKey: null };
    expect(admittingDeal([closed, admits])).to.equal(admits);
    expect(admittingDeal([admits, open])).to.equal(undefined);
    expect(admittingDeal([closed])).to.equal(undefined);
  });
});
