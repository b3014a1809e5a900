import { expect } from 'chai';

import { callerNetworkOf } from '../../../marketplace/api/caller-network.ts';

describe('network of a caller', () => {
  it('is the address itself in IPv4, however the socket names it', () => {
    expect(callerNetworkOf('192.0.2.7')).to.equal('192.0.2.7');
    expect(callerNetworkOf('::ffff:192.0.2.7')).to.equal('192.0.2.7');
  });

  it('is what a provider hands out as a whole in IPv6, however it is written', () => {
    const same = [
      '2001:db8:0:7::1',
      '2001:0db8:0000:0007:ffff::',
      '2001:DB8::7:1:2:3:4',
      '2001:db8:0:7::%eth0',
    ];
    expect(new Set(same.map(callerNetworkOf))).to.deep.equal(new Set(['2001:db8:0:7::/64']));
    expect(callerNetworkOf('2001:db8:0:8::1')).to.equal('2001:db8:0:8::/64');
    expect(callerNetworkOf('::1')).to.equal('0:0:0:0::/64');
    expect(callerNetworkOf('1:2:3:4:5:6:7:8')).to.equal('1:2:3:4::/64');
  });

  it('is left as it is where it is no address', () => {
    expect(callerNetworkOf('unknown')).to.equal('unknown');
  });
});
