import { expect } from 'chai';

import { providerFailure } from '../../../../marketplace/web/wallet/provider-failure.ts';

const codeOf = (failure: unknown): string => providerFailure(failure, 'eth_sendTransaction').code;

describe('failures of wallets', () => {
  it('become codes that a page can tell apart', () => {
    expect(codeOf({ code: 4001, message: 'User rejected.' })).to.equal('WALLET_REJECTED');
    expect(codeOf({ code: 4100, message: '' })).to.equal('WALLET_LOCKED');
    expect(codeOf({ code: 4900, message: '' })).to.equal('WALLET_GONE');
    expect(codeOf({ code: 4902, message: '' })).to.equal('WALLET_CHAIN_UNKNOWN');
    expect(codeOf({ code: -32002, message: '' })).to.equal('WALLET_BUSY');
    expect(codeOf({ code: -32000, message: 'insufficient funds' })).to.equal('TRANSACTION_REFUSED');
    expect(codeOf('broken')).to.equal('WALLET_FAILED');
  });

  it('are found inside other failures', () => {
    expect(codeOf({ code: -32603, data: { originalError: { code: 4902 } } })).to.equal(
      'WALLET_CHAIN_UNKNOWN',
    );
  });

  it('keep the words of the wallet, but not all of an endless one', () => {
    const failure = providerFailure({ code: -32000, message: 'x'.repeat(10_000) }, 'eth_call');
    expect(String(failure.values['reason'])).to.have.length(300);
    expect(failure.remedy).to.not.equal('');
  });
});
