import { expect } from 'chai';

import {
  announcedWallet,
  MAX_ANNOUNCED_WALLETS,
  withWallet,
  type AnnouncedWallet,
} from '../../../../marketplace/web/wallet/announced-wallets.ts';

const provider = { request: async () => null };
const info = { uuid: '1', name: 'Acme', rdns: 'com.acme', icon: 'data:image/png;base64,AAAA' };

describe('announced wallets', () => {
  it('are listed with name, domain and icon', () => {
    expect(announcedWallet({ info, provider })).to.deep.include({
      name: 'Acme',
      rdns: 'com.acme',
      icon: 'data:image/png;base64,AAAA',
    });
  });

  it('show no icon that another host would serve, nor one that is none', () => {
    for (const icon of [
      'https://tracker.example/i.png',
      'data:text/html,<script>',
      `data:image/png,${'x'.repeat(200_000)}`,
      7,
    ]) {
      expect(
        announcedWallet({ info: { ...info, icon }, provider })?.icon,
        String(icon).slice(0, 30),
      ).to.equal(undefined);
    }
  });

  it('are not listed without a domain name or a provider', () => {
    expect(announcedWallet({ info: { ...info, rdns: '../x' }, provider })).to.equal(undefined);
    expect(announcedWallet({ info, provider: {} })).to.equal(undefined);
    expect(announcedWallet(null)).to.equal(undefined);
  });

  it('are listed once, and not without end', () => {
    const wallet = (rdns: string): AnnouncedWallet => ({ name: rdns, rdns, icon: undefined, provider });
    const one = withWallet([], wallet('a'));
    expect(withWallet(one, wallet('a'))).to.equal(one);
    let many: readonly AnnouncedWallet[] = [];
    for (let index = 0; index < 100; index++) many = withWallet(many, wallet(`w${index}`));
    expect(many).to.have.length(MAX_ANNOUNCED_WALLETS);
  });
});
