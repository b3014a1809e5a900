import { expect } from 'chai';
import fc from 'fast-check';

import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { grantCap, rankNodes, regionDistance } from '../../../marketplace/coordinator/node-selection.ts';

const MIB = 2n ** 20n;
const candidate = (number: number, region: string, grantedBytes = 0n) => ({
  address: parseAddress(`0x${number.toString(16).padStart(40, '0')}`),
  region,
  grantedBytes,
});

describe('node selection', () => {
  it('knows the same region, the same continent and the rest', () => {
    expect(regionDistance('eu-west', 'eu-west')).to.equal(0);
    expect(regionDistance('eu-west', 'eu-north')).to.equal(1);
    expect(regionDistance('eu-west', 'us-west')).to.equal(2);
    expect(regionDistance(undefined, 'us-west')).to.equal(0);
  });

  it('puts near nodes first, among them the one with least granted, and spreads load when the region is unknown', () => {
    const nodes = [
      candidate(1, 'us-east'),
      candidate(2, 'eu-west', 9n),
      candidate(3, 'eu-west', 3n),
      candidate(4, 'eu-n'),
    ];
    const order = (region: string | undefined): string[] =>
      rankNodes(nodes, region).map(({ address }) => address.slice(-1));
    expect(order('eu-west')).to.deep.equal(['3', '2', '4', '1']);
    expect(order(undefined)).to.deep.equal(['1', '4', '3', '2']);
  });

  it('caps a grant at what was asked, at a quarter of what is left, but not below what a viewer can use', () => {
    expect(grantCap(10_000n * MIB)).to.equal(64n * MIB);
    expect(grantCap(10_000n * MIB, 5_000n * MIB)).to.equal(1_024n * MIB);
    expect(grantCap(200n * MIB)).to.equal(50n * MIB);
    expect(grantCap(40n * MIB)).to.equal(16n * MIB);
    expect(grantCap(5n)).to.equal(5n);
    expect(grantCap(0n)).to.equal(0n);
  });

  it('never grants more than is left or asked', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 50n), fc.bigInt(1n, 2n ** 40n), (remaining, asked) => {
        const cap = grantCap(remaining, asked);
        expect(cap <= remaining && cap <= asked && (remaining === 0n || cap > 0n)).to.equal(true);
      }),
    );
  });
});
