import { expect } from 'chai';
import { Wallet } from 'ethers';

import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { readTokenBalance } from '../../../sdk/chain/tokens.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { ApiClient } from '../api-client.ts';
import { eventually, silentLogger, TestMarket, WEI } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

interface Network {
  readonly genesisHash: string;
  readonly blockTime: number;
  readonly development: object | null;
}

describe('marketplace API on a development chain', () => {
  let market: TestMarket;
  let marketplace: Marketplace;
  let api: ApiClient;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open();
    cleanups.push(() => market.close());
    marketplace = await start({ faucetKey: market.chain.privateKeys[0] ?? '' });
    api = await ApiClient.open(marketplace.url);
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  async function start(development?: { faucetKey?: string }): Promise<Marketplace> {
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    const started = await startMarketplace(
      {
        ...directory.choice,
        rpcUrl: market.chain.url,
        deployment: market.deployment,
        pollIntervalMs: 20,
        ...(development !== undefined && { development }),
      },
      silentLogger,
    );
    cleanups.push(() => started.stop());
    // The provider's own answer may be a quarter of a second old.
    const head = Number(await market.provider.send('eth_blockNumber', []));
    await eventually(
      async () => started.chain().indexedBlock ?? 0,
      (indexed) => indexed >= head,
    );
    return started;
  }

  const rpc = async (call: unknown): Promise<{ result?: unknown; error?: { code: number } }> =>
    (await api.post('/v1/development/rpc', call)).body;
  const callOf = (method: string, params: unknown[] = []): object => ({
    jsonrpc: '2.0',
    id: 7,
    method,
    params,
  });

  it('says so, with the first block by which a restarted chain is recognised', async () => {
    const network = await api.ok<Network>(api.get('/v1/network'));
    const genesis = await market.provider.getBlock(0);
    expect(network.genesisHash).to.equal(genesis?.hash);
    // The chain may be a block ahead of what the marketplace saw last.
    const newest = (await market.provider.getBlock('latest'))?.timestamp;
    await eventually(
      async () => (await api.ok<Network>(api.get('/v1/network'))).blockTime,
      (blockTime) => blockTime >= (newest ?? 0),
    );
    expect(network.development).to.deep.equal({ faucet: true, rpcPath: '/v1/development/rpc' });
  });

  it('gives ether and tokens to an address until that has had its share', async () => {
    const address = parseAddress(Wallet.createRandom().address);
    const gift = await api.ok<{ ethWei: string; tokensWei: string; transactionHashes: string[] }>(
      api.post('/v1/development/faucet', { address }),
    );
    expect(await market.provider.getBalance(address)).to.equal(BigInt(gift.ethWei));
    expect(await readTokenBalance(market.provider, market.deployment, address)).to.equal(1_000n * WEI);
    const [first, second] = gift.transactionHashes;
    expect((await market.provider.getTransactionReceipt(first ?? ''))?.status).to.equal(1);
    expect((await market.provider.getTransactionReceipt(second ?? ''))?.status).to.equal(1);
    await Promise.all([1, 2].map(() => api.ok(api.post('/v1/development/faucet', { address }))));
    const refusal = await api.refused(
      api.post('/v1/development/faucet', { address }),
      429,
      'FAUCET_EXHAUSTED',
    );
    expect(refusal.values).to.include({ address, given: 3, maxPerAddress: 3 });
    expect(await market.provider.getBalance(address)).to.equal(3n * WEI);
  });

  it('passes reads and signed transactions on to the chain', async () => {
    expect(await rpc(callOf('eth_chainId'))).to.deep.equal({ jsonrpc: '2.0', id: 7, result: '0x7a69' });
    expect((await rpc(callOf('net_version'))).result).to.equal('31337');
    const wallet = new Wallet(market.chain.privateKeys[9] ?? '', market.provider);
    const signed = await wallet.signTransaction(
      await wallet.populateTransaction({ to: wallet.address, value: 1n }),
    );
    const sent = await rpc(callOf('eth_sendRawTransaction', [signed]));
    expect(await market.provider.getTransactionReceipt(String(sent.result))).to.not.equal(null);
    const again = await rpc(callOf('eth_sendRawTransaction', [signed]));
    expect(again.error, 'the chain speaks for itself').to.not.equal(undefined);
  });

  it('passes a batch on, one by one, and nothing that moves the chain or uses its accounts', async () => {
    const batch = [callOf('eth_blockNumber'), callOf('hardhat_mine', ['0x1']), callOf('eth_accounts')];
    const answers = Object.values(await rpc(batch)) as { error?: { code: number; message: string } }[];
    expect(answers.map(({ error }) => error?.code)).to.deep.equal([undefined, -32_601, -32_601]);
    expect(answers[1]?.error?.message).to.contain('hardhat_mine');
    expect((await rpc({ hello: 1 })).error?.code).to.equal(-32_600);
    const many = Array.from({ length: 33 }, () => callOf('eth_blockNumber'));
    await api.refused(api.post('/v1/development/rpc', many), 400, 'INVALID_REQUEST');
  });

  it('has neither unless it was started for development', async () => {
    const plain = await ApiClient.open((await start()).url);
    expect((await plain.ok<Network>(plain.get('/v1/network'))).development).to.equal(null);
    expect(plain.paths.filter((path) => path.includes('development'))).to.deep.equal([]);
    const dry = await ApiClient.open((await start({})).url);
    const address = Wallet.createRandom().address;
    await dry.refused(dry.post('/v1/development/faucet', { address }), 404, 'FAUCET_ABSENT');
  });

  it('refuses to start for development on any other chain', async () => {
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    const failure: unknown = await startMarketplace(
      {
        ...directory.choice,
        rpcUrl: market.chain.url,
        deployment: { ...market.deployment, chainId: 1n },
        development: {},
      },
      silentLogger,
    ).catch((error: unknown) => error);
    expect(failure).to.include({ code: 'DEVELOPMENT_CHAIN_ONLY' });
  });
});
