import { expect } from 'chai';

import {
  candidatesOf,
  missingOf,
  nodesToPay,
} from '../../../../../marketplace/web/distribution/settings/node-shares.ts';

const edge = (address: string, changed: object = {}) => ({
  ...{ address, region: 'eu-west', active: true, health: 'up', askWeiPerGiB: 9n },
  ...changed,
});

describe('whom money of a distribution goes to', () => {
  it('is the nodes that serve, so that one that was let go stays away', () => {
    const nodes = [
      { node: 'a', state: 'active' },
      { node: 'b', state: 'thawing' },
      { node: 'c', state: 'released' },
    ];
    expect(nodesToPay(nodes).map(({ node }) => node)).to.deep.equal(['a']);
  });

  it('is all it had where it rests', () => {
    const nodes = [{ state: 'thawing' }, { state: 'released' }];
    expect(nodesToPay(nodes)).to.deep.equal(nodes);
  });

  it('comes out of what lies free, and only the rest out of the account', () => {
    expect(missingOf(10n, 0n)).to.equal(10n);
    expect(missingOf(10n, 4n)).to.equal(6n);
    expect(missingOf(10n, 10n)).to.equal(0n);
    expect(missingOf(10n, 11n)).to.equal(0n);
  });

  it('may be any edge that answers and is not paid, new ones first, others at the rate they had', () => {
    const edges = [
      ...[edge('paid'), edge('gone', { active: false }), edge('silent', { health: 'down' })],
      ...[edge('again', { health: 'unknown' }), edge('new')],
    ];
    const allocations = [
      { node: 'paid', state: 'active', ratePerGiB: 3n },
      { node: 'again', state: 'released', ratePerGiB: 4n },
    ];
    expect(candidatesOf(edges, allocations)).to.deep.equal([
      { node: 'new', region: 'eu-west', ratePerGiB: 9n, wasPaid: false },
      { node: 'again', region: 'eu-west', ratePerGiB: 4n, wasPaid: true },
    ]);
  });
});
