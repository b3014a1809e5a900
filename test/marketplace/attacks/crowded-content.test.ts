import { randomBytes } from 'node:crypto';

import { expect } from 'chai';
import type { CID } from 'multiformats/cid';

import { MAX_CANDIDATE_DEALS } from '../../../marketplace/limits.ts';
import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { closeDeal } from '../../../sdk/chain/deals.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { FetchSession } from '../../../sdk/client/fetch-session.ts';
import { MarketplaceApi } from '../../../sdk/client/marketplace-api.ts';
import { nodeSha256 } from '../../../sdk/client/node-sha256.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import { pauseDistribution } from '../../../sdk/publish/pause-distribution.ts';
import { signAudience } from '../../../sdk/publish/audience.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { ApiClient } from '../api-client.ts';
import { DealRoom } from '../coordinator/deal-room.ts';
import { ReadinessServer, silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const MIB = 2n ** 20n;

describe('many deals of one content', function () {
  this.timeout(120_000);
  let market: TestMarket;
  let marketplace: Marketplace;
  let node: TransactionSender;
  let publisher: TransactionSender;
  let attacker: TransactionSender;
  let room: DealRoom;
  let attackersRoom: DealRoom;
  const http = new UndiciExchange();
  const cleanups: (() => Promise<void>)[] = [() => http.close()];

  before(async () => {
    market = await TestMarket.open({ epochSeconds: 600 });
    cleanups.push(() => market.close());
    const server = await ReadinessServer.open();
    cleanups.push(() => server.close());
    node = await market.registerEdge(2, { region: 'eu-west', endpoints: [server.endpoint] });
    [publisher, attacker] = [await market.sender(1), await market.sender(3)];
    const storage = await temporaryStorage();
    cleanups.push(storage.remove);
    const chain = { rpcUrl: market.chain.url, deployment: market.deployment };
    marketplace = await startMarketplace(
      { ...storage.choice, ...chain, pollIntervalMs: 20, probeIntervalMs: 50 },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    const api = await ApiClient.open(marketplace.url);
    room = new DealRoom({ market, api, publisher });
    attackersRoom = new DealRoom({ market, api, publisher: attacker });
    await room.levelWithChain();
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  /** Which deal a viewer is served by that asks with the SDK, as the player does. */
  async function servingDeal(cid: CID): Promise<DealId> {
    const session = await FetchSession.open(
      { http, clock: systemClock, sha256: nodeSha256, secp256k1: nativeSecp256k1 },
      { cid, marketplaceUrl: marketplace.url, viewerKey: randomBytes(32) },
    );
    await session.close();
    return session.dealId;
  }

  it('do not hide the one that pays behind newer ones with dust', async () => {
    const paid = await room.openFundedDeal(new Map([[node, 64n * MIB]]));
    for (let deal = 0; deal < MAX_CANDIDATE_DEALS + 1; deal++)
      await attackersRoom.openFundedDeal(new Map([[node, 1n]]), 0n, paid.cid);
    const granted = await room.requestGrants(room.viewer(), { cid: paid.cid.toString() });
    expect(granted.dealId).to.equal(paid.dealId);
    expect(await servingDeal(paid.cid)).to.equal(paid.dealId);
  });

  it('serve viewers by the next one where the first is for an audience that they are not', async () => {
    const paid = await room.openFundedDeal(new Map([[node, 512n * MIB]]));
    const closedDoor = await attackersRoom.openFundedDeal(new Map([[node, 2048n * MIB]]), 0n, paid.cid);
    const signer = { domain: market.domain, privateKey: hexToBytes(attacker.wallet.privateKey, 32) };
    const audience = { audienceKey: attacker.address, issuedAt: Math.floor(Date.now() / 1000) };
    const api = new MarketplaceApi({ http, clock: systemClock }, marketplace.url);
    await api.declareAudience(signAudience(signer, { dealId: closedDoor.dealId, ...audience }));
    const granted = await room.requestGrants(room.viewer(), { cid: paid.cid.toString() });
    expect(granted.dealId).to.equal(paid.dealId);
    expect(await servingDeal(paid.cid)).to.equal(paid.dealId);
  });

  it('serve viewers of a publisher that paused, or closed, the newer of two', async () => {
    const older = await room.openFundedDeal(new Map([[node, 512n * MIB]]));
    const newer = await room.openFundedDeal(new Map([[node, 2048n * MIB]]), 0n, older.cid);
    expect(await servingDeal(older.cid)).to.equal(newer.dealId);
    await pauseDistribution({ sender: publisher, dealId: newer.dealId, nodes: [node.address] });
    await room.levelWithChain();
    expect(await servingDeal(older.cid)).to.equal(older.dealId);
    await closeDeal(publisher, newer.dealId, [node.address]);
    await room.levelWithChain();
    expect(await servingDeal(older.cid)).to.equal(older.dealId);
  });

  it('are passed over when all of theirs is granted', async () => {
    const small = await room.openFundedDeal(new Map([[node, 2n * MIB]]));
    const large = await room.openFundedDeal(new Map([[node, 3n * MIB]]), 0n, small.cid);
    const cid = small.cid.toString();
    const wishes = { capBytes: `${3n * MIB}` };
    const first = await room.requestGrants(room.viewer(), { cid }, wishes);
    expect(first.dealId).to.equal(large.dealId);
    const second = await room.requestGrants(room.viewer(), { cid }, wishes);
    expect(second.dealId).to.equal(small.dealId);
    expect(await servingDeal(small.cid).catch((failure: { code: string }) => failure.code)).to.equal(
      'MARKETPLACE_REFUSED',
    );
  });
});
