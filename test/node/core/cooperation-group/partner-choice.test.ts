import { sha256 } from '@noble/hashes/sha2.js';
import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex, utf8ToBytes, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { choosePartners } from '../../../../node/core/cooperation-group/partner-choice.ts';

interface Member {
  readonly nid: Uint8Array;
}

function region(count: number, seed: number): Member[] {
  return Array.from({ length: count }, (_, i) => ({ nid: sha256(utf8ToBytes(`${seed} ${i}`)) }));
}

function chosenBy(member: Member, all: readonly Member[], max: number): Set<Hex> {
  const others = all.filter((each) => each !== member);
  return new Set(choosePartners(member.nid, others, max).map(({ nid }) => bytesToHex(nid)));
}

describe('partners in a cooperation group', () => {
  it('are all of a small region', () => {
    const all = region(9, 1);
    for (const member of all) expect(chosenBy(member, all, 8).size).to.equal(8);
  });

  it('are a bounded number of a large region, and mutual', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 60 }), fc.nat(1_000), (count, seed) => {
        const all = region(count, seed);
        const chosen = new Map(all.map((each) => [bytesToHex(each.nid), chosenBy(each, all, 8)]));
        for (const [nid, partners] of chosen) {
          expect(partners.size).to.equal(8);
          for (const partner of partners) expect(chosen.get(partner)?.has(nid)).to.equal(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('do not depend on the order in which members are known, and change by few when one comes', () => {
    const all = region(40, 5);
    const [first] = all;
    if (first === undefined) throw new RangeError('No member.');
    const before = chosenBy(first, all, 8);
    expect(chosenBy(first, all.toReversed(), 8)).to.deep.equal(before);
    const after = chosenBy(first, [...all, ...region(1, 6)], 8);
    expect([...after].filter((nid) => !before.has(nid)).length).to.be.at.most(1);
  });
});
