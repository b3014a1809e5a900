import { expect } from 'chai';

import { argumentName, argumentText } from '../../../../marketplace/web/explorer/argument-words.ts';

describe('arguments of events', () => {
  it('have names that people say, and keep their own where these pages know none', () => {
    expect(argumentName('throughEpoch')).to.equal('through epoch');
    expect(argumentName('somethingNew')).to.equal('somethingNew');
  });

  it('say amounts in tokens to the last unit', () => {
    for (const name of ['paidWei', 'ratePerGiB', 'cumulative', 'cumulativeWei']) {
      expect(argumentText(name, '1000000000000000001'), name).to.equal('1.000000000000000001 BCDN');
    }
    expect(argumentText('throughEpoch', '12')).to.equal('12');
    expect(argumentText('paidWei', 'x')).to.equal('x');
  });

  it('say roles, regions and endpoints in letters, and leave what is none as it came', () => {
    expect(argumentText('role', '2')).to.equal('edge');
    expect(argumentText('region', '0x61702d736f757468')).to.equal('ap-south');
    expect(argumentText('region', '0x6575000000000000')).to.equal('eu');
    expect(argumentText('region', '0xff00')).to.equal('0xff00');
    expect(argumentText('endpoints', '["/ip4/1.2.3.4/tcp/1","/ip4/1.2.3.4/tcp/2"]')).to.equal(
      '/ip4/1.2.3.4/tcp/1, /ip4/1.2.3.4/tcp/2',
    );
    expect(argumentText('endpoints', 'none')).to.equal('none');
  });
});
