import { expect } from 'chai';

import { runwayAlarm } from '../../../../marketplace/web/distribution/runway-alarm.ts';

describe('money of a distribution', () => {
  it('warns below a day and when nothing is left, of a distribution that is open', () => {
    expect(runwayAlarm('open', 90_000, 1n)).to.equal('none');
    expect(runwayAlarm('open', null, 1n)).to.equal('none');
    expect(runwayAlarm('open', 86_399, 1n)).to.equal('short');
    expect(runwayAlarm('open', null, 0n)).to.equal('empty');
    expect(runwayAlarm('closing', 0, 0n)).to.equal('none');
  });
});
