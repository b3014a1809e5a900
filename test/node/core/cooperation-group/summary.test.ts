import { sha256 } from '@noble/hashes/sha2.js';
import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex, hexToBytes, utf8ToBytes, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { ClaimedContents } from '../../../../node/core/cooperation-group/claimed-contents.ts';
import {
  fingerprintBits,
  fingerprintOf,
  isSparse,
} from '../../../../node/core/cooperation-group/content-fingerprint.ts';
import {
  MAX_CHANGED_FINGERPRINTS,
  MAX_SUMMARY_CONTENTS,
} from '../../../../node/core/cooperation-group/group-limits.ts';
import { HeldContents } from '../../../../node/core/cooperation-group/held-contents.ts';
import { seededRandom } from '../one-hop-ring/virtual-network.ts';

const key = (name: number | string): Hex => bytesToHex(sha256(utf8ToBytes(`content ${name}`)));
const keys = (from: number, count: number): Hex[] => Array.from({ length: count }, (_, i) => key(from + i));

/** A member that was told the whole summary. */
function told(held: HeldContents): ClaimedContents {
  return new ClaimedContents(held.whole);
}

function claimsAll(claimed: ClaimedContents, held: readonly Hex[]): boolean {
  return held.every((each) => claimed.claims(hexToBytes(each)));
}

describe('summary of contents', () => {
  it('claims everything held, and less than 1 % of what is not', () => {
    for (const count of [1, 64, 1_000, 6_000]) {
      const held = new HeldContents(seededRandom(count));
      held.update(keys(0, count));
      held.advance();
      const claimed = told(held);
      expect(claimsAll(claimed, keys(0, count))).to.equal(true);
      const strangers = keys(1_000_000, 20_000);
      const wrong = strangers.filter((each) => claimed.claims(hexToBytes(each))).length;
      expect(wrong / strangers.length, `${count} contents`).to.be.at.most(0.01);
    }
  });

  it('follows any history by changes alone, and equals the whole at every step', () => {
    const steps = fc.array(fc.uniqueArray(fc.nat(300), { maxLength: 120 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(steps, fc.nat(), (history, seed) => {
        const held = new HeldContents(seededRandom(seed));
        let claimed = told(held);
        for (const step of history) {
          const contents = step.map(key);
          held.update(contents);
          const advance = held.advance();
          if (advance?.change !== undefined) {
            expect(claimed.precedes(held.summary)).to.equal(true);
            const next = claimed.changed(advance.change);
            expect(next, 'the change fits').to.not.equal(undefined);
            claimed = next ?? claimed;
          } else if (advance !== undefined) claimed = told(held);
          expect(claimed.summary).to.deep.equal(held.summary);
          expect(claimed.count).to.equal(held.whole.fingerprints.length);
          expect(claimsAll(claimed, contents)).to.equal(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps a fingerprint until the last of the contents behind it goes', () => {
    const held = new HeldContents(() => 0);
    const [first = key(0)] = keys(0, 1);
    const value = fingerprintOf(hexToBytes(first), 0, fingerprintBits(2));
    const twin = keys(1, 100_000).find(
      (each) => fingerprintOf(hexToBytes(each), 0, fingerprintBits(2)) === value,
    );
    if (twin === undefined) throw new RangeError('No second content with this fingerprint.');
    held.update([first, twin]);
    held.advance();
    expect(held.whole.fingerprints).to.have.length(1);
    held.update([twin]);
    expect(held.advance()).to.equal(undefined);
    expect(told(held).claims(hexToBytes(twin))).to.equal(true);
    held.update([]);
    held.advance();
    expect(held.whole.fingerprints).to.have.length(0);
  });

  it('says nothing when nothing changed', () => {
    const held = new HeldContents(seededRandom(1));
    held.update(keys(0, 10));
    expect(held.advance()).to.not.equal(undefined);
    held.update(keys(0, 10).reverse());
    expect(held.advance()).to.equal(undefined);
  });

  it('tells a large change by another version without the change', () => {
    const held = new HeldContents(seededRandom(1));
    held.update(keys(0, 3_000));
    held.advance();
    held.update([...keys(0, 3_000), ...keys(10_000, MAX_CHANGED_FINGERPRINTS - 1)]);
    expect(held.advance()?.change?.added.length).to.be.within(1_000, MAX_CHANGED_FINGERPRINTS - 1);
    held.update([]);
    expect(held.advance()).to.deep.equal({ change: undefined });
  });

  it('takes another salt with another range, and another salt after a restart', () => {
    const random = seededRandom(1);
    const held = new HeldContents(random);
    held.update(keys(0, 1));
    held.advance();
    const before = held.summary;
    held.update(keys(0, 200));
    expect(held.advance()).to.deep.equal({ change: undefined });
    expect(held.summary.salt).to.not.equal(before.salt);
    expect(new HeldContents(random).summary.salt).to.not.equal(held.summary.salt);
  });

  it('leaves out what is beyond its limit, the least important last', () => {
    const held = new HeldContents(seededRandom(1));
    const many = keys(0, MAX_SUMMARY_CONTENTS + 10);
    held.update(many);
    held.advance();
    expect(held.count).to.equal(MAX_SUMMARY_CONTENTS);
    expect(told(held).claims(hexToBytes(many[0] ?? key(0)))).to.equal(true);
  });

  it('refuses a change that does not fit', () => {
    const claimed = new ClaimedContents({
      summary: { salt: 1, version: 1 },
      bits: 9,
      fingerprints: Uint32Array.of(5, 9),
    });
    const none = new Uint32Array();
    expect(claimed.changed({ added: Uint32Array.of(9), removed: none }), 'already there').to.equal(undefined);
    expect(claimed.changed({ added: none, removed: Uint32Array.of(6) }), 'not there').to.equal(undefined);
    expect(claimed.changed({ added: Uint32Array.of(512), removed: none }), 'range').to.equal(undefined);
    expect(claimed.changed({ added: Uint32Array.of(1, 2, 3), removed: none }), 'dense').to.equal(undefined);
    expect(claimed.changed({ added: Uint32Array.of(1), removed: Uint32Array.of(5) })?.count).to.equal(2);
  });

  it('has the fingerprint of the specification', () => {
    const content = hexToBytes(`0x${'0123456789abcdef'.repeat(4)}`);
    expect(fingerprintOf(content, 0x0a0b0c0d, 22)).to.equal(3_931_052);
    expect([0, 1, 2, 1_000, 24_576].map(fingerprintBits)).to.deep.equal([7, 7, 8, 17, 22]);
    expect(isSparse(1_000, 17)).to.equal(true);
    expect(isSparse(1_025, 17)).to.equal(false);
  });
});
