import { expect } from 'chai';

import { RecentNames } from '../../../../node/core/storage/recent-names.ts';

describe('RecentNames', () => {
  it('knows the newest names, each until it is taken', () => {
    const names = new RecentNames(2);
    for (const name of ['a', 'b', 'a', 'c']) names.note(name);
    expect(['a', 'b', 'c', 'a'].map((name) => names.take(name))).to.deep.equal([true, false, true, false]);
  });
});
