import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { JsonRpcProvider } from 'ethers';
import type { EarningsDocument } from '../../../node/app/control/documents.ts';
import { readAllocation } from '../../../sdk/chain/deals.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { eventually } from '../cli/eventually.ts';
import { TestNetwork } from '../cli/test-network.ts';

describe('a node whose coordinator does not answer', function () {
  this.timeout(120_000);
  let network: TestNetwork;
  let provider: JsonRpcProvider;

  before(async () => {
    network = await TestNetwork.start();
    provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
  });

  after(async () => {
    provider.destroy();
    await network.stop();
  });

  it('claims its receipts on chain by itself, and is paid to the last wei', async () => {
    const { url: marketplaceUrl } = await network.marketplace();
    // Viewers reach the coordinator, this node never does: no voucher can be had.
    const extra = ['--direct-claim-after-epochs', '1', '--marketplace-url', 'http://127.0.0.1:9'];
    const edge = await network.init('edge', { extra });
    const running = network.run(edge);
    await running.ready();
    const { cid, dealId } = await network.publish(2_200_000);
    const sink = { write: () => undefined };
    // The marketplace reads the deal off the chain and probes the node a moment after they are there.
    const result = await eventually(() =>
      fetchContent({ cid, marketplaceUrl, viewerKey: randomBytes(32), sink }),
    );
    const node = parseAddress(edge.operator);
    const bytes = result.bytesByNode.get(node) ?? 0;
    expect(bytes).to.be.at.least(2_200_000);
    await eventually(async () => {
      const allocation = await readAllocation(provider, network.deployment, { dealId, node });
      expect(allocation?.paidWei).to.equal(priceWei(BigInt(bytes), allocation?.ratePerGiB ?? 0n));
    });
    await eventually(async () => {
      const { stdout } = await network.command(edge, 'earnings', '--json');
      const { total } = JSON.parse(stdout) as EarningsDocument;
      expect([total.settledWei, total.paidWei]).to.deep.equal([total.meteredWei, total.meteredWei]);
    });
    expect(await running.end('SIGTERM')).to.equal(0);
  });
});
