import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { JsonRpcProvider } from 'ethers';
import { request } from 'undici';
import type { EarningsDocument } from '../../../node/app/control/documents.ts';
import { readAllocation } from '../../../sdk/chain/deals.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { domainOf, MarketplaceApi } from '../../../sdk/client/marketplace-api.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { ViewerSession } from '../../../sdk/client/viewer-session.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { GRANT_HEADER, RECEIPTS_PATH } from '../../../sdk/protocol/http.ts';
import { parseAddress, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { encodeSignedReceipts, type ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import type { Publication } from '../../../sdk/publish/publish.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { eventually } from '../cli/eventually.ts';
import { TestNetwork, type InitialisedNode } from '../cli/test-network.ts';
import type { NodeProcess } from '../cli/node-process.ts';

describe('receipts that come after their epoch was paid', function () {
  this.timeout(180_000);
  const exchange = new UndiciExchange();
  let network: TestNetwork;
  let provider: JsonRpcProvider;
  let api: MarketplaceApi;
  let edge: InitialisedNode;
  let running: NodeProcess;
  let publication: Publication;

  before(async () => {
    network = await TestNetwork.start();
    provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    const { url: marketplaceUrl } = await network.marketplace();
    api = new MarketplaceApi({ http: exchange, clock: systemClock }, marketplaceUrl);
    edge = await network.init('edge');
    running = network.run(edge);
    await running.ready();
    publication = await network.publish(200_000);
  });

  after(async () => {
    provider.destroy();
    await exchange.close();
    await network.stop();
  });

  /** Fetches the root block for a grant and signs for it, without handing the receipt to anybody. */
  async function fetchUnpaid(): Promise<{
    pair: ReceiptWithGrant;
    origin: string;
    epoch: Epoch;
    bytes: bigint;
  }> {
    const { cid, dealId } = publication;
    const viewer = new ViewerSession(
      { api, secp256k1: nativeSecp256k1, clock: systemClock },
      {
        domain: domainOf(await api.network()),
        dealId,
        contentRoot: contentRootOf(cid),
        privateKey: randomBytes(32),
      },
    );
    // An epoch may end between a grant and its use: then the next grant is used.
    const { account, origin, byteLength } = await eventually(async () => {
      const [issued] = await viewer.requestGrants({});
      if (issued?.origin === undefined) expect.fail('the edge has an origin');
      const answer = await request(`${issued.origin}/ipfs/${cid.toString()}?format=raw`, {
        headers: { [GRANT_HEADER]: issued.account.header },
      });
      const body = await answer.body.arrayBuffer();
      expect(answer.statusCode).to.equal(200);
      return { account: issued.account, origin: issued.origin, byteLength: body.byteLength };
    });
    const { signedGrant } = account;
    const pair = { signedGrant, signedReceipt: viewer.signReceipt(account, byteLength) };
    return { pair, origin, epoch: signedGrant.grant.epoch, bytes: BigInt(byteLength) };
  }

  function toNode(origin: string, { signedReceipt }: ReceiptWithGrant): ReturnType<typeof request> {
    return request(origin + RECEIPTS_PATH, { method: 'POST', body: encodeSignedReceipts([signedReceipt]) });
  }

  function allocation(): ReturnType<typeof readAllocation> {
    const { dealId } = publication;
    return readAllocation(provider, network.deployment, { dealId, node: parseAddress(edge.operator) });
  }

  async function expectBooks(bytes: bigint): Promise<void> {
    await eventually(async () => {
      const onChain = await allocation();
      const wei = priceWei(bytes, onChain?.ratePerGiB ?? 0n);
      expect(onChain?.paidWei, 'the chain').to.equal(wei);
      const { stdout } = await network.command(edge, 'earnings', '--json');
      const { total } = JSON.parse(stdout) as EarningsDocument;
      expect(total).to.include({
        bytes: String(bytes),
        meteredWei: String(wei),
        settledWei: String(wei),
        paidWei: String(wei),
      });
    });
  }

  it('are paid soon and are in the books to the last byte, also over SIGKILL', async () => {
    const prompt = await fetchUnpaid();
    expect((await toNode(prompt.origin, prompt.pair)).statusCode).to.equal(200);
    const [late, later] = [await fetchUnpaid(), await fetchUnpaid()];
    await expectBooks(prompt.bytes);

    const last = await fetchUnpaid();
    expect((await toNode(last.origin, last.pair)).statusCode).to.equal(200);
    await expectBooks(prompt.bytes + last.bytes);
    expect((await allocation())?.throughEpoch, 'the late ones are of settled epochs').to.be.at.least(
      later.epoch,
    );
    const refused = await (await toNode(late.origin, late.pair)).body.text();
    expect(refused).to.contain('RECEIPT_UNKNOWN_GRANT');

    await api.deliverReceipts([late.pair]);
    await expectBooks(prompt.bytes + last.bytes + late.bytes);

    await running.end('SIGKILL');
    await api.deliverReceipts([later.pair]);
    running = network.run(edge);
    await running.ready();
    const all = prompt.bytes + last.bytes + late.bytes + later.bytes;
    await expectBooks(all);
    await running.end('SIGKILL');
    const { stdout } = await network.command(edge, 'earnings', '--json');
    expect((JSON.parse(stdout) as EarningsDocument).total.bytes, 'read from the disk').to.equal(String(all));
  });
});
