import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { Wallet, type JsonRpcProvider } from 'ethers';
import type { SettleDocument, StatusDocument } from '../../../node/app/control/documents.ts';
import { readAllocation } from '../../../sdk/chain/deals.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { publish } from '../../../sdk/publish/publish.ts';
import { eventually } from '../cli/eventually.ts';
import type { NodeProcess } from '../cli/node-process.ts';
import { SwitchableProxy } from '../cli/switchable-proxy.ts';
import { TestNetwork, type InitialisedNode } from '../cli/test-network.ts';

describe('a node whose chain is away', function () {
  this.timeout(120_000);
  let network: TestNetwork;
  let provider: JsonRpcProvider;
  let proxy: SwitchableProxy;
  let edge: InitialisedNode;
  let running: NodeProcess;

  before(async () => {
    network = await TestNetwork.start();
    await network.marketplace();
    provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    proxy = new SwitchableProxy(network.chain.url);
    await proxy.up();
    edge = await network.init('edge', { extra: ['--rpc-url', proxy.url] });
  });

  after(async () => {
    provider.destroy();
    await proxy.down();
    await network.stop();
  });

  async function status(): Promise<{ code: number | null; document: StatusDocument }> {
    const { code, stdout } = await network.command(edge, 'status', '--json');
    return { code, document: JSON.parse(stdout) as StatusDocument };
  }

  it('starts degraded with a clear reason, and serves when the chain comes', async () => {
    await proxy.down();
    running = network.run(edge);
    await eventually(async () => {
      const { code, document } = await status();
      expect(code).to.equal(3);
      expect(document.state).to.equal('starting');
      expect(document.problems.map((problem) => problem.code)).to.deep.equal(['CHAIN_UNREACHABLE']);
      expect(document.earning.because).to.contain(proxy.url);
    });
    await proxy.up();
    expect((await running.ready()).operator).to.equal(edge.operator);
    expect((await status()).document.state).to.equal('serving');
  });

  it('refuses a second process on the same data directory', async () => {
    const second = network.run(edge);
    expect(await second.exited()).to.equal(1);
    expect(second.stdout()).to.contain('DATA_DIR_IN_USE');
  });

  it('serves on while the chain is lost, keeps the receipts and settles when it returns', async () => {
    const { url: marketplaceUrl } = await network.marketplace();
    const wallet = new Wallet(network.chain.privateKeys[5] ?? '');
    await network.fund(wallet.address);
    const content = randomBytes(1_500_000);
    const { cid, dealId } = await eventually(() =>
      publish({
        source: { kind: 'stream', stream: Readable.from([new Uint8Array(content)]) },
        sender: new TransactionSender({ provider, wallet, deployment: network.deployment }),
        marketplaceUrl,
        replicas: 1,
      }),
    );
    await proxy.down();
    await eventually(async () => {
      const { code, document } = await status();
      expect([code, document.state, document.chain.state]).to.deep.equal([3, 'degraded', 'lost']);
    });
    const hash = createHash('sha256');
    const sink = { write: (bytes: Uint8Array) => void hash.update(bytes) };
    const result = await fetchContent({ cid, marketplaceUrl, viewerKey: randomBytes(32), sink });
    expect(hash.digest('hex')).to.equal(createHash('sha256').update(content).digest('hex'));
    const bytes = result.bytesByNode.get(parseAddress(edge.operator)) ?? 0;
    expect(bytes).to.be.at.least(content.length);
    const { document } = await status();
    expect(document.bytes).to.deep.include({ durable: String(bytes), atRisk: '0' });

    await proxy.up();
    await eventually(async () => {
      const { stdout } = await network.command(edge, 'settle', '--yes', '--json');
      expect((JSON.parse(stdout) as SettleDocument).failures).to.deep.equal([]);
      const node = parseAddress(edge.operator);
      const allocation = await readAllocation(provider, network.deployment, { dealId, node });
      expect(allocation?.paidWei).to.equal(priceWei(BigInt(bytes), allocation?.ratePerGiB ?? 0n));
    });
    expect((await status()).code).to.equal(0);
    expect(await running.end('SIGTERM')).to.equal(0);
  });
});
