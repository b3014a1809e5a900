import { expect } from 'chai';

import { isSpecialAddress } from '../../../../node/adapters/origin/special-addresses.ts';

describe('Addresses that a stranger must not lead a node to', () => {
  it('are those of this machine, its networks, and of nobody', () => {
    const special = [
      ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.255', '169.254.169.254'],
      ...['172.16.0.1', '172.31.255.255', '192.168.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
      ...['::', '::1', '::ffff:10.0.0.1', '::ffff:7f00:1', '64:ff9b::a00:1', '2002:7f00:1::', '2001::1'],
      ...['fc00::1', 'fd12::1', 'fe80::1', 'fe80::1%eth0', 'ff02::1', '', 'no address'],
    ];
    for (const address of special) expect(isSpecialAddress(address), address).to.equal(true);
  });

  it('are not the public ones', () => {
    const open = ['1.1.1.1', '8.8.8.8', '93.184.216.34', '172.15.255.255', '172.32.0.1', '192.167.1.1'];
    const open6 = ['2606:4700::1111', '2a00:1450:4001:81b::200e', '2001:4860:4860::8888', '::ffff:8.8.8.8'];
    for (const address of [...open, ...open6]) expect(isSpecialAddress(address), address).to.equal(false);
  });
});
