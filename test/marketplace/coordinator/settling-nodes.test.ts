import { expect } from 'chai';

import { startMarketplace } from '../../../marketplace/server/start-marketplace.ts';
import { PeerCoordinator } from '../../../node/app/peers/peer-coordinator.ts';
import { CoordinatorClient } from '../../../node/app/settlement/coordinator-client.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { ApiClient } from '../api-client.ts';
import { ReadinessServer, silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';
import { DealRoom, grantOf } from './deal-room.ts';

const NEVER = new AbortController().signal;

describe('nodes that settle with the marketplace by their own clients', function () {
  this.timeout(60_000);
  const cleanups: (() => Promise<void>)[] = [];

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  it('are known by their keys, as edges and as peers, and no other key is', async () => {
    const market = await TestMarket.open({ epochSeconds: 600 });
    cleanups.push(() => market.close());
    const server = await ReadinessServer.open();
    cleanups.push(() => server.close());
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    const marketplace = await startMarketplace(
      { ...directory.choice, rpcUrl: market.chain.url, deployment: market.deployment, pollIntervalMs: 20 },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    const node = await market.registerEdge(2, { region: 'eu-west', endpoints: [server.endpoint] });
    const api = await ApiClient.open(marketplace.url);
    const room = new DealRoom({ market, api, publisher: await market.sender(1) });
    await room.levelWithChain();
    const { dealId } = await room.openFundedDeal(new Map([[node, 2n ** 26n]]));
    const viewer = room.viewer();
    const granted = await room.requestGrants(viewer, { dealId });
    const receipts = [room.signReceipt(grantOf(granted, node), viewer.key, 1_000n)];
    await market.endEpoch();
    await room.levelWithChain();

    const page = { dealId, throughEpoch: parseEpoch(granted.epoch), receipts, final: true };
    const http = new UndiciExchange();
    cleanups.push(() => http.close());
    const signingBy = (privateKey: Uint8Array) => ({
      ...{ secp256k1, domain: market.domain, clock: systemClock, http, privateKey },
    });
    const own = signingBy(hexToBytes(node.wallet.privateKey, 32));
    const marketplaceUrl = marketplace.url;
    const edge = new CoordinatorClient(own, { marketplaceUrl });
    const { voucher } = await edge.settle({ ...page, node: node.address }, NEVER);
    expect(voucher?.voucher).to.include({ node: node.address, cumulative: 1_000n });
    const peer = new PeerCoordinator(own, { marketplaceUrl, peer: node.address });
    expect((await peer.settle(page, NEVER)).refused).to.deep.equal([]);

    const foreign = signingBy(market.privateKey(3));
    const refusals = await Promise.all(
      [
        new CoordinatorClient(foreign, { marketplaceUrl }).settle({ ...page, node: node.address }, NEVER),
        new PeerCoordinator(foreign, { marketplaceUrl, peer: node.address }).settle(page, NEVER),
      ].map((answer) => answer.then(() => 'settled', String)),
    );
    for (const refusal of refusals) expect(refusal).to.include('Only the node itself may settle');
  });
});
