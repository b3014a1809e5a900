import { expect } from 'chai';

import { removedText, shortageOf, shortageText, tooFewNodes } from '../../../sdk/publish/node-shortage.ts';

describe('too few nodes', () => {
  it('is a plan with fewer than were asked for', () => {
    expect(shortageOf({ nodes: [], removed: { price: 1 } }, 1)).to.deep.equal({
      ...{ need: 1, have: 0 },
      removed: { price: 1 },
    });
    expect(shortageOf({ nodes: [], removed: { price: 1 } }, 0)).to.equal(undefined);
  });

  it('is said with what removed the others, the most first', () => {
    expect(removedText({ active: 0, price: 1, capacity: 3 })).to.equal(
      '3 without room or bandwidth, 1 more expensive',
    );
    expect(shortageText({ need: 1, have: 0, removed: {} })).to.equal(
      'You need 1 node, have 0: no others are registered.',
    );
  });

  it('is refused with what would help', () => {
    const { code, remedy, values } = tooFewNodes({ need: 4, have: 2, removed: { price: 1, healthy: 0 } });
    expect(code).to.equal('TOO_FEW_NODES');
    expect(values).to.deep.equal({ need: 4, have: 2, price: 1, healthy: 0 });
    expect(remedy).to.equal('Allow a higher price; or ask for 2, or allow fewer (`--allow-fewer`).');
    expect(tooFewNodes({ need: 4, have: 2, removed: {} }).remedy).to.equal(
      'Ask for 2, or allow fewer (`--allow-fewer`).',
    );
    const nobody = tooFewNodes({ need: 4, have: 0, removed: { later: 1 } });
    expect(nobody.code).to.equal('NO_NODES');
    expect(nobody.remedy).to.equal('Wait until nodes have registered.');
    expect(nobody.message).to.contain('1 later');
  });
});
