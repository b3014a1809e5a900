import { expect } from 'chai';
import { AbiCoder, keccak256, Wallet, ZeroHash } from 'ethers';

import { ChainError } from '../../../sdk/chain/chain-errors.ts';
import { tokenInterface } from '../../../sdk/chain/contracts.ts';
import { readTokenBalance, transferTokens } from '../../../sdk/chain/tokens.ts';
import type { SendingOptions, TransactionSender } from '../../../sdk/chain/transactions.ts';
import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import { startLocalNetwork, type LocalNetwork } from './local-network.ts';

interface PooledTransaction {
  readonly hash: string;
  readonly from: string;
  readonly nonce: string;
  readonly maxFeePerGas: string;
}

describe('TransactionSender on a chain in trouble', function () {
  this.timeout(60_000);
  let network: LocalNetwork;
  let account = 2;

  before(async () => {
    network = await startLocalNetwork();
    await network.provider.send('evm_setAutomine', [false]);
    await network.provider.send('evm_setIntervalMining', [0]);
  });
  after(() => network.stop());

  /** A sender of its own with tokens, so that tests do not share nonces. */
  const funded = async (options: SendingOptions = {}): Promise<TransactionSender> => {
    account += 1;
    const funding = network.fund(account, 1_000n);
    await pooled(network.sender(0).address, 1);
    await mine(1);
    await funding;
    return network.sender(account, options);
  };
  const freshAddress = (): Address => parseAddress(Wallet.createRandom().address);
  const balanceOf = (owner: Address) => readTokenBalance(network.provider, network.deployment, owner);
  const mine = async (blocks: number): Promise<void> => {
    for (let block = 0; block < blocks; block++) await network.provider.send('evm_mine', []);
  };
  const inPool = async (from: Address): Promise<PooledTransaction[]> => {
    const block = (await network.provider.send('eth_getBlockByNumber', ['pending', true])) as {
      transactions: PooledTransaction[];
    };
    return block.transactions.filter((each) => each.from.toLowerCase() === from);
  };
  /** Waits until the pool has so many transactions of an account that can be mined. */
  const pooled = async (
    from: Address,
    count: number,
    fits: (each: PooledTransaction) => boolean = () => true,
  ): Promise<PooledTransaction[]> => {
    for (;;) {
      const found = (await inPool(from)).filter(fits);
      if (found.length >= count) return found;
    }
  };
  const drop = (hash: string) => network.provider.send('hardhat_dropTransaction', [hash]);
  const one = (found: readonly PooledTransaction[]): PooledTransaction =>
    found[0] ?? expect.fail('a pooled transaction');

  it('offers more for a transaction that is not mined, and executes it once', async () => {
    const sender = await funded({ stuckAfterMs: 30 });
    const to = freshAddress();
    const sending = transferTokens(sender, to, 7n);
    const first = one(await pooled(sender.address, 1));
    const [raised] = await pooled(sender.address, 1, (each) => each.hash !== first.hash);
    expect(raised?.nonce).to.equal(first.nonce);
    expect(BigInt(raised?.maxFeePerGas ?? 0) * 8n >= BigInt(first.maxFeePerGas) * 9n).to.equal(true);
    await mine(1);
    expect((await sending).hash).not.to.equal(first.hash);
    expect(await balanceOf(to)).to.equal(7n);
    expect(await network.provider.getTransactionCount(sender.address)).to.equal(1);
  });

  it('sends again what the chain forgot', async () => {
    const sender = await funded();
    const to = freshAddress();
    const sending = transferTokens(sender, to, 7n);
    const { hash } = one(await pooled(sender.address, 1));
    await drop(hash);
    await pooled(sender.address, 1);
    await mine(1);
    expect((await sending).hash).to.equal(hash);
    expect(await balanceOf(to)).to.equal(7n);
  });

  it('fills the nonce of a forgotten transaction that nobody waits for any more', async () => {
    const sender = await funded({ stuckAfterMs: 30 });
    const [to, never] = [freshAddress(), freshAddress()];
    const aborter = new AbortController();
    const forgotten = transferTokens(sender, never, 1n, aborter.signal).catch((error: unknown) => error);
    const { hash } = one(await pooled(sender.address, 1));
    const sending = transferTokens(sender, to, 7n);
    await pooled(sender.address, 2);
    aborter.abort();
    expect(await forgotten).to.be.instanceOf(ChainError);
    for (const each of await inPool(sender.address)) if (each.nonce === '0x0') await drop(each.hash);
    await drop(hash).catch(() => undefined);
    await pooled(sender.address, 2);
    await mine(1);
    await sending;
    expect([await balanceOf(to), await balanceOf(never)]).to.deep.equal([7n, 0n]);
  });

  it("goes on with the next nonce when the operator's own transaction took its nonce", async () => {
    const sender = await funded();
    const to = freshAddress();
    const sending = transferTokens(sender, to, 7n);
    const first = one(await pooled(sender.address, 1));
    const own = await sender.wallet.signTransaction({
      to: sender.address,
      nonce: 0,
      gasLimit: 21_000n,
      chainId: 31_337n,
      type: 2,
      maxFeePerGas: BigInt(first.maxFeePerGas) * 3n,
      maxPriorityFeePerGas: BigInt(first.maxFeePerGas) * 3n,
    });
    await network.provider.send('eth_sendRawTransaction', [own]);
    await mine(1);
    await pooled(sender.address, 1, (each) => each.nonce === '0x1');
    await mine(1);
    await sending;
    expect(await balanceOf(to)).to.equal(7n);
    expect(await network.provider.getTransactionCount(sender.address)).to.equal(2);
  });

  it('sends again what a reorganisation took out, and waits until it is deep enough', async () => {
    const sender = await funded({ confirmations: 3 });
    const to = freshAddress();
    const before: unknown = await network.provider.send('evm_snapshot', []);
    let done = false;
    const sending = transferTokens(sender, to, 7n).finally(() => {
      done = true;
    });
    const { hash } = one(await pooled(sender.address, 1));
    await mine(2);
    expect(await balanceOf(to)).to.equal(7n);
    await network.provider.send('evm_revert', [before]);
    expect([await balanceOf(to), done]).to.deep.equal([0n, false]);
    await pooled(sender.address, 1);
    await mine(3);
    const mined = await sending;
    expect(mined.hash).to.equal(hash);
    expect((await network.provider.getBlockNumber()) - mined.blockNumber + 1).to.equal(3);
    expect(await balanceOf(to)).to.equal(7n);
  });

  it('says of a transaction that was mined and failed what it was and what it cost', async () => {
    const sender = await funded();
    const sending = transferTokens(sender, freshAddress(), 1_000n).catch((reason: unknown) => reason);
    await pooled(sender.address, 1);
    // Balances are the token's first storage slot; the sender's are gone before its transaction is mined.
    const slot = keccak256(AbiCoder.defaultAbiCoder().encode(['address', 'uint256'], [sender.address, 0]));
    await network.provider.send('hardhat_setStorageAt', [network.deployment.token, slot, ZeroHash]);
    await mine(1);
    const error = await sending;
    if (!(error instanceof ChainError)) expect.fail('expected a ChainError');
    expect(error.values['error']).to.equal('ERC20InsufficientBalance');
    const receipt = await network.provider.getTransactionReceipt(String(error.values['hash']));
    expect(receipt?.status).to.equal(0);
    expect(error.values['gasUsed']).to.equal(receipt?.gasUsed);
    expect(error.values['gasCostWei']).to.equal(receipt?.fee);
  });

  it('looks after what was given up before, so that what comes after it is mined', async () => {
    const sender = await funded({ timeoutMs: 100 });
    const [to, late] = [freshAddress(), freshAddress()];
    const error: unknown = await transferTokens(sender, late, 1n).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'CHAIN_TIMEOUT');
    const { hash } = one(await inPool(sender.address));
    await drop(hash);
    const sending = transferTokens(sender, to, 7n);
    await pooled(sender.address, 2);
    await mine(1);
    await sending;
    expect([await balanceOf(to), await balanceOf(late)]).to.deep.equal([7n, 1n]);
  });

  it('holds replacements under the ceiling, and lifts it for what cannot wait and what stands before that', async () => {
    const fees = await network.provider.getFeeData();
    const ceilingWei = (fees.maxFeePerGas ?? 0n) + 1n;
    const sender = await funded({ stuckAfterMs: 30, maxFeePerGasWei: ceilingWei });
    const to = freshAddress();
    const sending = transferTokens(sender, to, 7n);
    const first = one(await pooled(sender.address, 1));
    expect(BigInt(first.maxFeePerGas) <= ceilingWei).to.equal(true);
    const data = tokenInterface.encodeFunctionData('transfer', [to, 1n]);
    const urgent = sender.send({ to: network.deployment.token, data, isUrgent: true });
    const raised = (nonce: string) => (each: PooledTransaction) =>
      each.nonce === nonce && BigInt(each.maxFeePerGas) > ceilingWei;
    await pooled(sender.address, 1, raised('0x0'));
    await pooled(sender.address, 1, raised('0x1'));
    await mine(1);
    await Promise.all([sending, urgent]);
    expect(await balanceOf(to)).to.equal(8n);
  });
});
