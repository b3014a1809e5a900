import { expect } from 'chai';

import {
  constraintText,
  funnelOf,
  lackText,
  missingNodesRemedy,
} from '../../../../marketplace/web/market-data/quote-words.ts';

describe('words of a quote', () => {
  it('say what a node needs and has, in its unit', () => {
    expect(lackText({ need: '20000000000000000', have: '40000000000000000', unit: 'wei/GiB' })).to.equal(
      'needs 0.02 BCDN per GiB, has 0.04 BCDN per GiB',
    );
    expect(lackText({ need: '1073741824', have: '536870912', unit: 'bytes' })).to.equal(
      'needs 1.00 GiB, has 512 MiB',
    );
    expect(lackText({ need: 'eu-west', have: 'us-east', unit: 'region' })).to.equal(
      'needs eu-west, has us-east',
    );
  });

  it('count down from all nodes, constraint by constraint', () => {
    expect(funnelOf(6, { active: 1, healthy: 0, region: 3 })).to.deep.equal([
      { constraint: 'active', removed: 1, left: 5 },
      { constraint: 'healthy', removed: 0, left: 5 },
      { constraint: 'region', removed: 3, left: 2 },
    ]);
  });

  it('advise about the constraint that removed the most', () => {
    expect(missingNodesRemedy({ price: 1, capacity: 3 })).to.match(/^Ask for a smaller content/);
    expect(missingNodesRemedy({ price: 2, capacity: 0 })).to.equal('Raise the price cap.');
    expect(missingNodesRemedy({ price: 0 })).to.equal('Ask for fewer replicas.');
  });

  it('keep the name of a constraint that is new to them', () => {
    expect(constraintText('price')).to.equal('within your price cap');
    expect(constraintText('latency')).to.equal('latency');
  });
});
