import { expect } from 'chai';

import { noticeOutcome } from '../../../../../marketplace/web/distribution/settings/notice-outcome.ts';

describe('what nodes said of a notice', () => {
  it('is a count where all obey', () => {
    expect(
      noticeOutcome([
        { origin: 'http://a', outcome: 'new' },
        { origin: 'http://b', outcome: 'known' },
      ]),
    ).to.equal('2 of 2 nodes of the distribution took it and tell the others.');
  });

  it('names who does not, and why', () => {
    expect(
      noticeOutcome([
        { origin: 'http://a', outcome: 'new' },
        { origin: 'http://b', outcome: 'unreachable', code: 'UNREACHABLE' },
        { origin: 'http://c', outcome: 'refused' },
      ]),
    ).to.equal(
      '1 of 3 nodes of the distribution took it and tell the others. Not at first hand: http://b unreachable (UNREACHABLE), http://c refused.',
    );
  });
});
