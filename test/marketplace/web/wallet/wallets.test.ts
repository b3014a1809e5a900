import { expect } from 'chai';
import { SigningKey, Transaction, TypedDataEncoder, verifyTypedData } from 'ethers';

import { BurnerWallet, burnerKey, checkedKey } from '../../../../marketplace/web/wallet/burner-wallet.ts';
import type { ChainAccess } from '../../../../marketplace/web/wallet/chain-access.ts';
import { waitForTransaction } from '../../../../marketplace/web/wallet/chain-access.ts';
import {
  acceptChain,
  chainPrefix,
  compareChain,
  knownGenesis,
} from '../../../../marketplace/web/wallet/chain-memory.ts';
import { primaryTypeOf, typedDataJson } from '../../../../marketplace/web/wallet/typed-data-json.ts';
import { WalletError } from '../../../../marketplace/web/wallet/wallet-error.ts';
import { WalletConnection } from '../../../../marketplace/web/wallet/wallet-connection.ts';

const KEY = burnerKey(new Uint8Array(32).fill(7));
const HASH = `0x${'ab'.repeat(32)}` as const;
const domain = { name: 'BCDN', version: '1', chainId: 31_337n, verifyingContract: `0x${'11'.repeat(20)}` };
const types = {
  Upload: [
    { name: 'dealId', type: 'bytes32' },
    { name: 'bytes', type: 'uint64' },
  ],
};
const message = { dealId: HASH, bytes: 12_345_678_901_234_567n };

/** Answers by method; what is not listed is refused as an unknown method is. */
function chain(answers: Readonly<Record<string, unknown>>, seen: unknown[] = []): ChainAccess {
  return {
    request: async (method, params) => {
      seen.push([method, params]);
      if (method in answers) return answers[method];
      throw new WalletError('WALLET_FAILED', `No ${method}.`);
    },
  };
}

class Memory {
  readonly #kept = new Map<string, string>();
  getItem(key: string): string | null {
    return this.#kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#kept.set(key, value);
  }
  removeItem(key: string): void {
    this.#kept.delete(key);
  }
}

const failureOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (failure: unknown) => (failure instanceof WalletError ? failure.code : failure),
  );

describe('typed data', () => {
  it('is written as wallets read it', () => {
    const written = JSON.parse(typedDataJson(domain, types, message)) as { message: object; domain: object };
    const expected = TypedDataEncoder.getPayload(domain, types, message) as {
      message: object;
      types: object;
    };
    expect(written).to.have.property('primaryType', 'Upload');
    expect(written.message).to.deep.equal(expected.message);
    expect(written).to.have.deep.property('types', expected.types);
  });

  it('is about the struct that no other contains', () => {
    expect(
      primaryTypeOf({ Leaf: [{ name: 'a', type: 'uint8' }], Tree: [{ name: 'leaves', type: 'Leaf[]' }] }),
    ).to.equal('Tree');
  });
});

describe('burner accounts', () => {
  it('exist on the development chain only', async () => {
    expect(await failureOf(BurnerWallet.open(chain({ eth_chainId: '0x1' }), KEY))).to.equal(
      'BURNER_UNAVAILABLE',
    );
    expect(() => checkedKey('0x12'))
      .to.throw(WalletError)
      .with.property('code', 'BURNER_KEY_INVALID');
    expect(() => checkedKey(`0x${'00'.repeat(32)}`)).to.throw(WalletError);
  });

  it('sign typed data that verifies', async () => {
    const wallet = await BurnerWallet.open(chain({ eth_chainId: '0x7a69' }), KEY);
    const signature = await wallet.signTypedData(domain, types, message);
    expect(verifyTypedData(domain, types, message, signature).toLowerCase()).to.equal(wallet.address);
  });

  it('send transactions signed by their key, with the number that the chain names', async () => {
    const seen: [string, readonly unknown[]][] = [];
    const access = chain(
      {
        eth_chainId: '0x7a69',
        eth_getTransactionCount: '0x5',
        eth_estimateGas: '0x5208',
        eth_gasPrice: '0x3b9aca00',
        eth_sendRawTransaction: HASH,
      },
      seen,
    );
    const wallet = await BurnerWallet.open(access, KEY);
    expect(await wallet.sendTransaction({ to: domain.verifyingContract, data: '0x1234' })).to.equal(HASH);
    const raw = seen.find(([method]) => method === 'eth_sendRawTransaction')?.[1][0];
    const sent = Transaction.from(String(raw));
    expect(sent.from?.toLowerCase()).to.equal(wallet.address);
    expect(sent.nonce).to.equal(5);
    expect(sent.data).to.equal('0x1234');
    expect(new SigningKey(KEY).publicKey).to.equal(sent.fromPublicKey);
  });

  it('go on after a transaction that the chain would not take', async () => {
    const wallet = await BurnerWallet.open(chain({ eth_chainId: '0x7a69' }), KEY);
    const request = { to: domain.verifyingContract, data: '0x' } as const;
    expect(await failureOf(wallet.sendTransaction(request))).to.equal('WALLET_FAILED');
    expect(await failureOf(wallet.sendTransaction(request))).to.equal('WALLET_FAILED');
  });
});

describe('transactions', () => {
  it('are waited for, and a reverted one is a failure with its hash', async () => {
    const mined = { eth_getTransactionReceipt: { status: '0x1', blockNumber: '0x10' } };
    const steps: string[] = [];
    const result = await waitForTransaction(chain(mined), HASH, { onProgress: (step) => steps.push(step) });
    expect(result).to.deep.equal({ hash: HASH, blockNumber: 16 });
    expect(steps).to.deep.equal(['waiting', 'mined']);
    const reverted = { eth_getTransactionReceipt: { status: '0x0', blockNumber: '0x10' } };
    expect(await failureOf(waitForTransaction(chain(reverted), HASH))).to.equal('TRANSACTION_REVERTED');
  });

  it('are waited for no longer than wished', async () => {
    const reason = new WalletError('WALLET_GONE', 'closed');
    const waiting = waitForTransaction(chain({ eth_getTransactionReceipt: null }), HASH, {
      signal: AbortSignal.abort(reason),
    });
    expect(await failureOf(waiting)).to.equal('WALLET_GONE');
  });
});

describe('memory of chains', () => {
  it('tells a chain that was started anew by its first block', () => {
    const store = new Memory();
    const before = { chainId: '31337', genesisHash: HASH };
    const after = { chainId: '31337', genesisHash: `0x${'cd'.repeat(32)}` };
    expect(compareChain(store, before)).to.equal('first-seen');
    expect(compareChain(store, before)).to.equal('same');
    expect(compareChain(store, after)).to.equal('replaced');
    expect(knownGenesis(store, '31337')).to.equal(HASH);
    acceptChain(store, after);
    expect(compareChain(store, after)).to.equal('same');
    expect(chainPrefix(HASH)).to.not.equal(chainPrefix(after.genesisHash));
  });
});

describe('connection of a wallet', () => {
  const address = `0x${'22'.repeat(20)}`;
  const announced = (answers: Readonly<Record<string, unknown>>) => {
    const listeners = new Map<string, (...values: unknown[]) => void>();
    const provider = {
      answers: { ...answers } as Record<string, unknown>,
      request: async ({ method }: { method: string }) => {
        const answer = provider.answers[method];
        if (answer instanceof WalletError) throw answer;
        if (answer === undefined) throw new WalletError('WALLET_FAILED', method);
        return answer;
      },
      on: (event: string, listener: (...values: unknown[]) => void) => void listeners.set(event, listener),
      removeListener: (event: string) => void listeners.delete(event),
    };
    return { wallet: { name: 'Acme', rdns: 'com.acme', icon: undefined, provider }, provider, listeners };
  };
  const open = { eth_requestAccounts: [address], eth_accounts: [address], eth_chainId: '0x7a69' };

  it('is remembered by its domain name and forgotten when it ends', async () => {
    const storage = new Memory();
    const connection = new WalletConnection({ storage });
    await connection.connect(announced(open).wallet);
    expect(connection.state.value).to.have.nested.property('wallet.address', address);
    expect(connection.rememberedChoice).to.equal('com.acme');
    connection.disconnect();
    expect(connection.state.value.status).to.equal('none');
    expect(connection.rememberedChoice).to.equal(undefined);
  });

  it('says that a wallet is locked, and is silent about it when nobody asked', async () => {
    const connection = new WalletConnection({ storage: new Memory() });
    const { wallet } = announced({ ...open, eth_requestAccounts: [], eth_accounts: [] });
    await connection.connect(wallet);
    expect(connection.state.value).to.have.nested.property('failure.code', 'WALLET_LOCKED');
    await connection.connect(wallet, true);
    expect(connection.state.value.status).to.equal('none');
  });

  it('follows account and chain, and notices a wallet that left', async () => {
    const connection = new WalletConnection({ storage: new Memory() });
    const { wallet, provider, listeners } = announced(open);
    await connection.connect(wallet);
    provider.answers['eth_chainId'] = '0x1';
    const changed = new Promise<void>((resolve) => {
      const stop = connection.state.subscribe((state) => {
        if (state.status === 'connected' && state.wallet.chainId === 1n)
          resolve(queueMicrotask(() => stop()));
      });
    });
    listeners.get('chainChanged')?.('0x1');
    await changed;
    listeners.get('disconnect')?.({ code: 4900 });
    expect(connection.state.value).to.have.nested.property('failure.code', 'WALLET_GONE');
  });

  it('adds the chain to a wallet that does not know it', async () => {
    const connection = new WalletConnection({ storage: new Memory() });
    const { wallet, provider } = announced(open);
    await connection.connect(wallet);
    provider.answers['wallet_switchEthereumChain'] = new WalletError('WALLET_CHAIN_UNKNOWN', 'unknown');
    provider.answers['wallet_addEthereumChain'] = null;
    await connection.changeChain({ chainId: 31_337n, name: 'bcdn', rpcUrl: 'http://127.0.0.1/rpc' });
    provider.answers['wallet_addEthereumChain'] = new WalletError('WALLET_REJECTED', 'no');
    const refused = connection.changeChain({
      chainId: 31_337n,
      name: 'bcdn',
      rpcUrl: 'http://127.0.0.1/rpc',
    });
    expect(await failureOf(refused)).to.equal('WALLET_REJECTED');
  });
});
