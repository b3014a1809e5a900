import { expect } from 'chai';

import { hourOfNodes } from '../../../../marketplace/web/operators/node-earnings.ts';

const GIB = 2n ** 30n;
const node = (index: number, state: 'ready' | 'down', bytes: bigint) => ({
  node: `0x${index.toString(16).padStart(40, '0')}`,
  region: 'eu',
  state,
  deliveredBytesLastHour: bytes,
  askWeiPerGiB: BigInt(index) * 100n,
});

describe('what nodes earn', () => {
  it('is what viewers signed for at the price of each node', () => {
    const nodes = [
      node(1, 'ready', GIB),
      node(2, 'ready', 3n * GIB),
      node(3, 'ready', 0n),
      node(4, 'down', GIB),
    ];
    expect(hourOfNodes({ regions: [], nodes, links: [] })).to.deep.equal({
      ready: 3,
      serving: 2,
      deliveredBytes: 4n * GIB,
      meteredWei: 700n,
      medianWei: 100n,
      mostWei: 600n,
    });
  });

  it('is nothing without nodes', () => {
    expect(hourOfNodes({ regions: [], nodes: [], links: [] })).to.include({
      ready: 0,
      medianWei: undefined,
      mostWei: 0n,
    });
  });
});
