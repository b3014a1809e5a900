import { expect } from 'chai';
import { Wallet } from 'ethers';

import { ChainError } from '../../../sdk/chain/chain-errors.ts';
import { openProvider, requireChain } from '../../../sdk/chain/provider.ts';
import { readTokenBalance, transferTokens } from '../../../sdk/chain/tokens.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import { startFlakyProxy, type Fate, type FlakyProxy } from './flaky-proxy.ts';
import { startLocalNetwork, type LocalNetwork } from './local-network.ts';

async function failure(work: Promise<unknown>): Promise<ChainError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ChainError) return error;
    throw error;
  }
  return expect.fail('expected a ChainError');
}

describe('TransactionSender', function () {
  this.timeout(60_000);
  let network: LocalNetwork;
  before(async () => {
    network = await startLocalNetwork();
  });
  after(() => network.stop());
  const freshAddress = (): Address => parseAddress(Wallet.createRandom().address);
  const balanceOf = (account: Address) => readTokenBalance(network.provider, network.deployment, account);

  it('gives nonces in order to transactions sent at once', async () => {
    const to = freshAddress();
    const sender = network.sender(0);
    const mined = await Promise.all(Array.from({ length: 8 }, () => transferTokens(sender, to, 3n)));
    expect(new Set(mined.map(({ hash }) => hash)).size).to.equal(8);
    expect(await balanceOf(to)).to.equal(24n);
    for (const { gasUsed, gasCostWei, logs, blockNumber } of mined) {
      expect(gasUsed > 21_000n && gasCostWei > 0n && blockNumber > 0).to.equal(true);
      expect(logs).to.have.length(1);
    }
  });

  it('goes on after a refused transaction', async () => {
    const sender = network.sender(1);
    const error = await failure(transferTokens(sender, freshAddress(), 5n));
    expect(error.code).to.equal('CHAIN_REVERTED');
    expect(error.values).to.deep.equal({
      error: 'ERC20InsufficientBalance',
      sender: sender.address,
      balance: 0n,
      needed: 5n,
    });
    await network.fund(1, 5n);
    await transferTokens(sender, freshAddress(), 5n);
  });

  it('says why a transaction failed that was good when it was sent', async () => {
    await network.fund(2, 5n);
    const to = freshAddress();
    const sender = network.sender(2);
    await network.provider.send('evm_setAutomine', [false]);
    try {
      const results = await Promise.allSettled([
        transferTokens(sender, to, 5n),
        transferTokens(sender, to, 5n),
      ]);
      expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected']);
      const [, second] = results;
      const reason: unknown = second.status === 'rejected' ? second.reason : undefined;
      expect(reason).to.be.instanceOf(ChainError);
      expect((reason as ChainError).values['error']).to.equal('ERC20InsufficientBalance');
    } finally {
      await network.provider.send('evm_setAutomine', [true]);
    }
    expect(await balanceOf(to)).to.equal(5n);
  });

  it('takes a fresh nonce when another program used the key in between', async () => {
    const to = freshAddress();
    const [mine, theirs] = [network.sender(0), network.sender(0)];
    const all = [mine, theirs, mine, theirs].map((sender) => transferTokens(sender, to, 1n));
    await Promise.all(all);
    expect(await balanceOf(to)).to.equal(4n);
  });

  it('says that the account cannot pay for gas', async () => {
    const wallet = new Wallet(Wallet.createRandom().privateKey);
    const poor = new TransactionSender({
      provider: network.provider,
      wallet,
      deployment: network.deployment,
    });
    const error = await failure(transferTokens(poor, freshAddress(), 0n));
    expect(error.code).to.equal('CHAIN_GAS_UNPAYABLE');
    expect(error.values['remedy']).to.equal('Send ether to the account.');
  });

  describe('over a bad connection', () => {
    let proxy: FlakyProxy;
    beforeEach(async () => {
      proxy = await startFlakyProxy(network.chain.url);
    });
    afterEach(() => proxy.close());

    const cases: readonly { readonly fates: readonly Fate[]; readonly what: string }[] = [
      { what: 'the request', fates: ['lose the request', 'lose the request'] },
      { what: 'the answer', fates: ['lose the answer'] },
      {
        what: 'the answer, then the request, then the answer',
        fates: ['lose the answer', 'lose the request', 'lose the answer'],
      },
    ];
    for (const { what, fates } of cases) {
      it(`sends once although ${what} was lost`, async () => {
        const provider = openProvider({ url: proxy.url, chainId: network.chain.chainId });
        const sender = network.sender(0, { provider });
        const to = freshAddress();
        const before = await network.provider.getTransactionCount(sender.address);
        proxy.plan('eth_sendRawTransaction', fates);
        await transferTokens(sender, to, 7n);
        expect(await balanceOf(to)).to.equal(7n);
        expect(await network.provider.getTransactionCount(sender.address)).to.equal(before + 1);
        expect(proxy.seen.filter((method) => method === 'eth_sendRawTransaction').length).to.be.greaterThan(
          1,
        );
        provider.destroy();
      });
    }

    it('waits for the receipt through lost answers', async () => {
      const provider = openProvider({ url: proxy.url, chainId: network.chain.chainId });
      proxy.plan('eth_getTransactionReceipt', ['lose the answer', 'lose the request']);
      const { hash } = await transferTokens(network.sender(0, { provider }), freshAddress(), 1n);
      expect(hash).to.match(/^0x[0-9a-f]{64}$/);
      provider.destroy();
    });

    it('stops waiting at its time limit, naming the transaction', async () => {
      const provider = openProvider({ url: proxy.url, chainId: network.chain.chainId });
      proxy.plan(
        'eth_getTransactionReceipt',
        Array.from({ length: 1_000 }, (): Fate => 'lose the request'),
      );
      let nowMs = 0;
      const clock = {
        nowMs: () => nowMs,
        sleep: async (durationMs: number) => {
          nowMs += durationMs;
        },
      };
      const wallet = new Wallet(network.privateKeys[0] ?? '');
      const sender = new TransactionSender(
        { provider, wallet, deployment: network.deployment, clock },
        { timeoutMs: 1_000 },
      );
      const error = await failure(transferTokens(sender, freshAddress(), 1n));
      expect(error.code).to.equal('CHAIN_TIMEOUT');
      expect(error.values['timeoutMs']).to.equal(1_000);
      expect(await network.provider.getTransaction(String(error.values['hash']))).not.to.equal(null);
      expect(nowMs).to.equal(1_000);
      provider.destroy();
    });

    it('stops waiting when the caller aborts', async () => {
      const provider = openProvider({ url: proxy.url, chainId: network.chain.chainId });
      const aborter = new AbortController();
      const clock = {
        nowMs: () => 0,
        sleep: async () => {
          aborter.abort();
        },
      };
      proxy.plan(
        'eth_getTransactionReceipt',
        Array.from({ length: 1_000 }, (): Fate => 'lose the request'),
      );
      const wallet = new Wallet(network.privateKeys[0] ?? '');
      const sender = new TransactionSender({ provider, wallet, deployment: network.deployment, clock });
      const error = await failure(transferTokens(sender, freshAddress(), 1n, aborter.signal));
      expect(error.code).to.equal('CHAIN_ABORTED');
      expect(error.values['hash']).to.match(/^0x[0-9a-f]{64}$/);
      const again = await failure(transferTokens(sender, freshAddress(), 1n, aborter.signal));
      expect(again.code).to.equal('CHAIN_ABORTED');
      expect(again.values).to.deep.equal({});
      provider.destroy();
    });
  });

  describe('without a chain', () => {
    it('says where it looked and what to do, and sends nothing', async () => {
      const proxy = await startFlakyProxy(network.chain.url);
      await proxy.close();
      const provider = openProvider({ url: proxy.url, chainId: network.chain.chainId });
      const sender = network.sender(0, { provider });
      for (const work of [
        () => transferTokens(sender, freshAddress(), 1n),
        () => requireChain(provider, { url: proxy.url, chainId: 31_337n }),
      ]) {
        const error = await failure(work());
        expect(error.code).to.equal('CHAIN_UNREACHABLE');
        expect(error.values['url']).to.equal(proxy.url);
        expect(error.values['remedy']).to.be.a('string');
        expect(error.message).to.contain(proxy.url);
      }
      provider.destroy();
    });

    it('tells a chain with another id and a deployment that is not there', async () => {
      const url = network.chain.url;
      const provider = openProvider({ url, chainId: 5n });
      const mismatch = await failure(requireChain(provider, { url, chainId: 5n }));
      expect(mismatch.code).to.equal('CHAIN_MISMATCH');
      expect(mismatch.values).to.deep.equal({ url, expected: 5n, actual: 31_337n });
      provider.destroy();
      await requireChain(network.provider, network.chain);
      const nowhere = { ...network.deployment, token: freshAddress() };
      const error = await failure(readTokenBalance(network.provider, nowhere, freshAddress()));
      expect(error.code).to.equal('CHAIN_ANSWER_INVALID');
    });
  });
});
