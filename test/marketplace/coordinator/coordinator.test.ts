import { expect } from 'chai';
import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { allocate, closeDeal, openDeal, readAllocation, rotateKeys } from '../../../sdk/chain/deals.ts';
import { claimDirect, redeemVouchers } from '../../../sdk/chain/payments.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { base64UrlDecode, base64UrlEncode, bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { grantDigest } from '../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
} from '../../../sdk/protocol/identifiers.ts';
import { decodeReceiptsWithGrants } from '../../../sdk/protocol/receipt.ts';
import { decodeSignedVoucher, voucherDigest } from '../../../sdk/protocol/voucher.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { ApiClient } from '../api-client.ts';
import { DealRoom, encodePairs, grantOf, type Grants, type SettlementAnswer } from './deal-room.ts';
import { eventually, ReadinessServer, silentLogger, TestMarket, WEI_PER_BYTE } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const MIB = 2 ** 20;
const PUBLISHER = 1;
const NEAR = 2;
const FAR = 3;

describe('marketplace coordinator, on a real chain', () => {
  let market: TestMarket;
  let marketplace: Marketplace;
  let api: ApiClient;
  let room: DealRoom;
  let near: TransactionSender;
  let far: TransactionSender;
  let publisher: TransactionSender;
  const servers: ReadinessServer[] = [];
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open({ epochSeconds: 600, claimWindowEpochs: 1, thawEpochs: 2 });
    cleanups.push(() => market.close());
    for (let i = 0; i < 2; i++) servers.push(await ReadinessServer.open());
    cleanups.push(...servers.map((server) => () => server.close()));
    near = await market.registerEdge(NEAR, { region: 'eu-west', endpoints: [servers[0]?.endpoint ?? ''] });
    far = await market.registerEdge(FAR, { region: 'us-east', endpoints: [servers[1]?.endpoint ?? ''] });
    publisher = await market.sender(PUBLISHER);
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    marketplace = await startMarketplace(
      {
        ...directory.choice,
        rpcUrl: market.chain.url,
        deployment: market.deployment,
        pollIntervalMs: 20,
        probeIntervalMs: 50,
        viewerRate: { perSecond: 0.001, burst: 8 },
      },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    api = await ApiClient.open(marketplace.url);
    room = new DealRoom({ market, api, publisher });
    await room.levelWithChain();
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  it('grants, collects, signs a voucher that the chain pays, and its books add up', async () => {
    const { dealId, cid } = await room.openFundedDeal(
      new Map([
        [near, BigInt(64 * MIB)],
        [far, BigInt(64 * MIB)],
      ]),
    );
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId }, { region: 'eu-west' });
    expect(granted.grants.map(({ region }) => region)).to.deep.equal(['eu-west', 'us-east']);
    const signedGrant = grantOf(granted, near);
    const content = await api.ok<{ deals: { dealId: string; grantKey: string }[] }>(
      api.get(`/v1/content/${cid.toString()}`, '/v1/content/{cid}'),
    );
    const signer = secp256k1.recover(grantDigest(market.domain, signedGrant.grant), signedGrant.signature);
    expect(signer).to.equal(content.deals[0]?.grantKey);
    expect(signedGrant.grant.epoch).to.equal(await market.epoch());
    expect(granted.epochEndsInMs).to.be.within(1, 600_000);

    const pair = room.signReceipt(signedGrant, who.key, 1_000_001n);
    const early = await api.refused(
      room.settle(dealId, near, { throughEpoch: granted.epoch, pairs: [pair] }),
      409,
      'EPOCH_NOT_ENDED',
    );
    expect(early.values).to.deep.equal({ throughEpoch: granted.epoch, currentEpoch: granted.epoch });
    await market.endEpoch();
    await room.levelWithChain();

    const answer = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: granted.epoch, pairs: [pair] }),
    );
    expect(answer).to.include({
      accepted: 1,
      cumulativeWei: '1000001',
      throughEpoch: granted.epoch,
      better: '',
    });
    const voucher = decodeSignedVoucher(base64UrlDecode(answer.voucher ?? ''));
    const { payments } = await redeemVouchers(near, [voucher], near.address);
    expect(payments.map(({ paidWei }) => paidWei)).to.deep.equal([1_000_001n]);
    await room.levelWithChain();

    const earnings = await api.ok<{ total: object; deals: object[] }>(
      api.get(`/v1/earnings/${near.address}`, '/v1/earnings/{address}'),
    );
    expect(earnings.total).to.deep.equal({
      meteredWei: '1000001',
      settledWei: '1000001',
      paidWei: '1000001',
      feeWei: '0',
      receivedWei: '1000001',
      unsettledWei: '0',
      unpaidWei: '0',
      lockedWei: '0',
      lostWei: '0',
      paidByRoute: { voucher: '1000001', 'direct-claim': '0', 'sampled-claim': '0' },
    });
    const onChain = await readAllocation(market.provider, market.deployment, { dealId, node: near.address });
    const deal = await api.ok<{ allocations: { node: string; balanceWei: string; paidWei: string }[] }>(
      api.get(`/v1/deals/${dealId}`, '/v1/deals/{dealId}'),
    );
    expect(deal.allocations.find(({ node }) => node === near.address)).to.include({
      balanceWei: onChain?.balanceWei.toString(),
      paidWei: onChain?.paidWei.toString(),
      throughEpoch: onChain?.throughEpoch,
    });
  });

  it('finds the deal for a viewer that names the content only', async () => {
    const { dealId, cid } = await room.openFundedDeal(new Map([[near, 1_000_000n]]));
    const granted = await room.requestGrants(room.viewer(), { cid: cid.toString() });
    expect(granted.dealId).to.equal(dealId);
  });

  it('takes a challenge once, from the key it was given to, with its expiry', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, 1_000_000n]]));
    const body = await room.grantsBody(room.viewer(), { dealId });
    await api.ok(api.post('/v1/grants', body));
    await api.refused(api.post('/v1/grants', body), 409, 'CHALLENGE_USED');
    const other = await room.grantsBody(room.viewer(), { dealId });
    const stolen = { ...other, viewerKey: room.viewer().address };
    await api.refused(api.post('/v1/grants', stolen), 401, 'CHALLENGE_INVALID');
    const prolonged = { ...other, expiresAt: 99_999_999 };
    await api.refused(api.post('/v1/grants', prolonged), 401, 'CHALLENGE_INVALID');
    const forged = { ...other, signature: base64UrlEncode(new Uint8Array(64).fill(1)) };
    await api.refused(api.post('/v1/grants', forged), 401, 'SIGNATURE_INVALID');
    const otherDeal = { ...other, dealId: `0x${'12'.repeat(32)}` };
    await api.refused(api.post('/v1/grants', otherDeal), 401, 'SIGNATURE_INVALID');
  });

  it('limits the rate of one viewer key', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, 1_000_000_000n]]));
    const who = room.viewer();
    for (let i = 0; i < 8; i++) await room.requestGrants(who, { dealId });
    const answer = await api.post('/v1/grants', await room.grantsBody(who, { dealId }));
    await api.refused(Promise.resolve(answer), 429, 'RATE_LIMITED');
    expect(Number(answer.headers.get('retry-after'))).to.be.greaterThan(1);
    await room.requestGrants(room.viewer(), { dealId });
  });

  it('gives every further grant another hash and never grants more than the allocation can pay', async () => {
    const balance = 40 * MIB;
    const { dealId } = await room.openFundedDeal(new Map([[near, BigInt(balance)]]));
    const caps: number[] = [];
    const hashes = new Set<string>();
    for (;;) {
      const answer = await api.post('/v1/grants', await room.grantsBody(room.viewer(), { dealId }));
      if (answer.status !== 200) {
        await api.refused(Promise.resolve(answer), 503, 'ALLOCATION_EXHAUSTED');
        break;
      }
      for (const grant of answer.body['grants'] as Grants['grants']) {
        caps.push(grant.capBytes);
        hashes.add(grant.grantHash);
      }
    }
    const granted = caps.reduce((sum, cap) => sum + cap, 0);
    expect(caps.length).to.be.greaterThan(2);
    expect(hashes.size).to.equal(caps.length);
    expect(granted).to.equal(balance);

    const { dealId: other } = await room.openFundedDeal(new Map([[near, BigInt(balance)]]));
    const who = room.viewer();
    const first = await room.requestGrants(who, { dealId: other }, { capBytes: '1000' });
    const second = await room.requestGrants(who, { dealId: other }, { capBytes: '1000' });
    expect([first.grants[0]?.capBytes, second.grants[0]?.capBytes]).to.deep.equal([1000, 999]);
    expect(first.grants[0]?.grantHash).to.not.equal(second.grants[0]?.grantHash);
  });

  it('grants no more than that to viewers who ask at the same time', async () => {
    const balance = 40 * MIB;
    const { dealId } = await room.openFundedDeal(new Map([[near, BigInt(balance)]]));
    const bodies = [];
    for (let i = 0; i < 8; i++) bodies.push(await room.grantsBody(room.viewer(), { dealId }));
    const answers = await Promise.all(bodies.map((body) => api.post('/v1/grants', body)));
    const caps = answers.flatMap(({ body }) => (body['grants'] as Grants['grants'] | undefined) ?? []);
    expect(caps.reduce((sum, { capBytes }) => sum + capBytes, 0)).to.equal(balance);
    expect(answers.filter(({ status }) => status === 503).length).to.equal(8 - caps.length);
  });

  it('gives no grants for a node that is down, and says why when none is left', async () => {
    const { dealId } = await room.openFundedDeal(
      new Map([
        [near, 1_000_000n],
        [far, 1_000_000n],
      ]),
    );
    const [first] = servers;
    if (first === undefined) throw new TypeError('no server');
    first.ready = false;
    const nearDown = async () =>
      (await api.ok<{ health: string }>(api.get(`/v1/nodes/${near.address}`, '/v1/nodes/{address}'))).health;
    await eventually(nearDown, (health) => health === 'down');
    const granted = await room.requestGrants(room.viewer(), { dealId });
    expect(granted.grants.map(({ node }) => node)).to.deep.equal([far.address]);
    const body = await room.grantsBody(room.viewer(), { dealId }, { nodes: [near.address] });
    const refusal = await api.refused(api.post('/v1/grants', body), 503, 'NO_NODE_AVAILABLE');
    expect(refusal.values).to.deep.include({ allocated: 2, asked: 1, active: 1, healthy: 0 });
    first.ready = true;
    await eventually(nearDown, (health) => health === 'up');
  });

  it('refuses each bad receipt by its own reason and pays the good ones', async () => {
    const { dealId } = await room.openFundedDeal(
      new Map([
        [near, BigInt(64 * MIB)],
        [far, BigInt(64 * MIB)],
      ]),
    );
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId });
    const other = await room.requestGrants(who, { dealId });
    const grant = grantOf(granted, near);
    const good = room.signReceipt(grantOf(other, near), who.key, 500n);
    const overCap = room.signReceipt(grant, who.key, grant.grant.capBytes + 1n);
    const forged = room.signReceipt(grant, new Uint8Array(32).fill(77), 900n);
    const foreign = room.signReceipt(grantOf(granted, far), who.key, 900n);
    const invented = { grant: { ...grant.grant, capBytes: 12_345n }, signature: grant.signature };
    const unissued = room.signReceipt(invented, who.key, 900n);
    const crossed = { signedGrant: grant, signedReceipt: good.signedReceipt };
    const unsigned = room.signReceipt({ ...grant, signature: new Uint8Array(64).fill(3) }, who.key, 900n);
    await market.endEpoch();
    await room.levelWithChain();
    const pairs = [overCap, forged, foreign, unissued, crossed, unsigned, good];
    const answer = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: granted.epoch, pairs }),
    );
    expect(answer.refused.map(({ code }) => code)).to.deep.equal([
      'RECEIPT_OVER_CAP',
      'RECEIPT_SIGNATURE_INVALID',
      'GRANT_MISMATCH',
      'GRANT_UNKNOWN',
      'RECEIPT_MISMATCH',
      'GRANT_SIGNATURE_INVALID',
    ]);
    expect(answer).to.include({ accepted: 1, cumulativeWei: '500' });
    const malformed = {
      ...{ dealId, node: near.address, throughEpoch: granted.epoch, receipts: 'AAAA' },
      ...room.settlementProof(dealId, near),
    };
    await api.refused(api.post('/v1/settlements', malformed), 400, 'RECEIPTS_MALFORMED');
    await api.refused(
      room.settle(dealId, publisher, { throughEpoch: granted.epoch, pairs: [] }),
      404,
      'ALLOCATION_NOT_FOUND',
    );
  });

  it('pages a settlement, keeps the best receipt of a grant, and never lowers a voucher', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, BigInt(64 * MIB)]]));
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId });
    const grant = grantOf(granted, near);
    await market.endEpoch();
    await room.levelWithChain();
    const { epoch: throughEpoch } = granted;
    const page = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, {
        throughEpoch,
        pairs: [room.signReceipt(grant, who.key, 700n)],
        final: false,
      }),
    );
    expect(page).to.include({ accepted: 1, voucher: null, cumulativeWei: null });
    const worse = room.signReceipt(grant, who.key, 300n);
    const last = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch, pairs: [worse], final: true }),
    );
    expect(last.cumulativeWei).to.equal('700');
    const again = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: throughEpoch - 1, pairs: [] }),
    );
    expect(again).to.include({ cumulativeWei: '700', throughEpoch });
    expect(again.voucher).to.equal(last.voucher);
  });

  it('tells the node of receipts that a viewer handed in, and pays them', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, BigInt(64 * MIB)]]));
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId });
    const grant = grantOf(granted, near);
    const best = room.signReceipt(grant, who.key, 2_000n);
    const accepted = await api.ok<{ acknowledged: object[]; refused: object[] }>(
      api.post('/v1/receipts', {
        receipts: encodePairs([best, room.signReceipt(grant, new Uint8Array(32).fill(9), 3_000n)]),
      }),
    );
    expect(accepted.acknowledged).to.deep.equal([
      { grantHash: best.signedReceipt.receipt.grantHash, bytes: 2_000 },
    ]);
    expect(accepted.refused).to.have.length(1);
    await market.endEpoch();
    await room.levelWithChain();
    const { epoch: throughEpoch } = granted;
    const answer = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch, pairs: [room.signReceipt(grant, who.key, 1_000n)] }),
    );
    expect(answer.cumulativeWei).to.equal('2000');
    expect(decodeReceiptsWithGrants(base64UrlDecode(answer.better))).to.deep.equal([best]);
    const informed = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch, pairs: [best] }),
    );
    expect(informed).to.include({ cumulativeWei: '2000', better: '' });
  });

  it('hands over late receipts of an epoch that is paid, and takes none after its late window', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, BigInt(64 * MIB)]]));
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId });
    const other = await room.requestGrants(who, { dealId });
    const { epoch } = granted;
    const prompt = room.signReceipt(grantOf(granted, near), who.key, 1_000n);
    const late = room.signReceipt(grantOf(granted, near), who.key, 1_500n);
    const later = room.signReceipt(grantOf(other, near), who.key, 70n);
    await market.endEpoch();
    await room.levelWithChain();
    const first = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: epoch, pairs: [prompt] }),
    );
    const voucher = decodeSignedVoucher(base64UrlDecode(first.voucher ?? ''));
    await redeemVouchers(near, [voucher], near.address);
    await room.levelWithChain();

    await api.ok(api.post('/v1/receipts', { receipts: encodePairs([late]) }));
    await market.endEpoch();
    await room.levelWithChain();
    const second = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: epoch + 1, pairs: [] }),
    );
    expect(second.cumulativeWei).to.equal('1500');
    expect(decodeReceiptsWithGrants(base64UrlDecode(second.better))).to.deep.equal([late]);
    const informed = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: epoch + 1, pairs: [late] }),
    );
    expect(informed.better).to.equal('');

    const refused = await api.ok<{ acknowledged: object[]; refused: object[] }>(
      api.post('/v1/receipts', { receipts: encodePairs([later]) }),
    );
    expect(refused).to.deep.equal({
      acknowledged: [],
      refused: [
        {
          grantHash: later.signedReceipt.receipt.grantHash,
          code: 'RECEIPT_TOO_LATE',
          values: { epoch, currentEpoch: epoch + 2, lateEpochs: 1 },
          remedy: 'Drop this receipt: its epoch ended too long ago. Deliver receipts when a fetch ends.',
        },
      ],
    });
    const fromNode = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: epoch + 1, pairs: [later] }),
    );
    expect(fromNode, 'what the node holds is never late').to.include({ accepted: 1, cumulativeWei: '1570' });
  });

  it('hands a node that was away what came in the late window after it had asked last', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, BigInt(64 * MIB)]]));
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId });
    const { epoch: throughEpoch } = granted;
    const pairs = [room.signReceipt(grantOf(granted, near), who.key, 1_000n)];
    const late = room.signReceipt(grantOf(granted, near), who.key, 1_500n);
    await market.endEpoch();
    await room.levelWithChain();
    const paid = await api.ok<SettlementAnswer>(room.settle(dealId, near, { throughEpoch, pairs }));
    await redeemVouchers(near, [decodeSignedVoucher(base64UrlDecode(paid.voucher ?? ''))], near.address);
    await api.ok(api.post('/v1/receipts', { receipts: encodePairs([late]) }));
    for (let away = 0; away < 5; away++) await market.endEpoch();
    await room.levelWithChain();
    const back = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: throughEpoch + 5, pairs: [] }),
    );
    expect(decodeReceiptsWithGrants(base64UrlDecode(back.better))).to.deep.equal([late]);
  });

  it('counts a direct claim once and pays what follows by voucher', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, BigInt(64 * MIB)]]));
    const who = room.viewer();
    const first = await room.requestGrants(who, { dealId });
    const claimed = room.signReceipt(grantOf(first, near), who.key, 4_000n);
    await api.ok(api.post('/v1/receipts', { receipts: encodePairs([claimed]) }));
    await market.endEpoch();
    await claimDirect(near, {
      dealId,
      toEpoch: parseEpoch(first.epoch),
      receipts: [claimed],
      to: near.address,
    });
    await room.levelWithChain();
    const second = await room.requestGrants(who, { dealId });
    await market.endEpoch();
    await room.levelWithChain();
    const later = room.signReceipt(grantOf(second, near), who.key, 600n);
    const beyond = room.signReceipt(grantOf(first, near), who.key, 5_000n);
    await api.ok(api.post('/v1/receipts', { receipts: encodePairs([beyond]) }));
    const answer = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: second.epoch, pairs: [later, claimed] }),
    );
    expect(answer).to.include({ cumulativeWei: '4600', better: '' });
    const voucher = decodeSignedVoucher(base64UrlDecode(answer.voucher ?? ''));
    const { payments } = await redeemVouchers(near, [voucher], near.address);
    expect(payments.map(({ paidWei }) => paidWei)).to.deep.equal([600n]);
  });

  it('never signs for more than the allocation can pay', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, 1_000n]]));
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId });
    expect(granted.grants[0]?.capBytes).to.equal(1_000);
    await market.endEpoch();
    await room.levelWithChain();
    const pair = room.signReceipt(grantOf(granted, near), who.key, 1_000n);
    const answer = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: granted.epoch, pairs: [pair] }),
    );
    expect(answer.cumulativeWei).to.equal('1000');
    const body = await room.grantsBody(room.viewer(), { dealId });
    await api.refused(api.post('/v1/grants', body), 503, 'ALLOCATION_EXHAUSTED');
  });

  it('signs with new keys after a rotation and still honours grants of the old ones', async () => {
    // An epoch begins, so that none ends between the two grants.
    await market.endEpoch();
    const { dealId } = await room.openFundedDeal(new Map([[near, BigInt(64 * MIB)]]));
    const who = room.viewer();
    const before = await room.requestGrants(who, { dealId });
    const keys = await api.ok<{ grantKey: string; collector: string }>(api.post('/v1/coordinator/keys', {}));
    const rotated = { grantKey: parseAddress(keys.grantKey), collector: parseAddress(keys.collector) };
    await rotateKeys(publisher, dealId, rotated);
    await room.levelWithChain();
    const after = await room.requestGrants(who, { dealId });
    const signed = grantOf(after, near);
    expect(secp256k1.recover(grantDigest(market.domain, signed.grant), signed.signature)).to.equal(
      rotated.grantKey,
    );
    await market.endEpoch();
    await room.levelWithChain();
    const pairs = [
      room.signReceipt(grantOf(before, near), who.key, 10n),
      room.signReceipt(signed, who.key, 20n),
    ];
    const answer = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: before.epoch, pairs }),
    );
    expect(answer).to.include({ accepted: 2, cumulativeWei: '30' });
    const voucher = decodeSignedVoucher(base64UrlDecode(answer.voucher ?? ''));
    expect(secp256k1.recover(voucherDigest(market.domain, voucher.voucher), voucher.signature)).to.equal(
      rotated.collector,
    );
    const { payments } = await redeemVouchers(near, [voucher], near.address);
    expect(payments[0]?.paidWei).to.equal(30n);
  });

  it('issues grants of the next epoch only near the end of the current one', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, BigInt(64 * MIB)]]));
    await market.endEpoch();
    const block = await market.provider.getBlock('latest');
    const into = (block?.timestamp ?? 0) % 600;
    // Lands just after the beginning of an epoch, then moves into its last fifth.
    await market.provider.send('evm_increaseTime', [600 - into]);
    await market.mine(1);
    await room.levelWithChain();
    const early = await room.grantsBody(room.viewer(), { dealId }, { epoch: 'next' });
    await api.refused(api.post('/v1/grants', early), 409, 'EPOCH_TOO_EARLY');
    await market.provider.send('evm_increaseTime', [500]);
    await market.mine(1);
    await room.levelWithChain();
    const current = await room.requestGrants(room.viewer(), { dealId });
    const next = await room.requestGrants(room.viewer(), { dealId }, { epoch: 'next' });
    expect(next.epoch).to.equal(current.epoch + 1);
    expect(next.epochEndsAt - current.epochEndsAt).to.be.closeTo(600, 1);
    expect(grantOf(next, near).grant.epoch).to.equal(next.epoch);
  });

  it('refuses deals that are closing, unknown, or of other keys', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[near, 1_000n]]));
    await closeDeal(publisher, dealId, [near.address]);
    await room.levelWithChain();
    await api.refused(
      api.post('/v1/grants', await room.grantsBody(room.viewer(), { dealId })),
      409,
      'DEAL_NOT_OPEN',
    );
    const unknown = parseDealId(`0x${'ab'.repeat(32)}`);
    await api.refused(
      api.post('/v1/grants', await room.grantsBody(room.viewer(), { dealId: unknown })),
      404,
      'DEAL_NOT_FOUND',
    );

    const keys = await api.ok<{ grantKey: string; collector: string }>(
      api.post('/v1/coordinator/keys', { publisher: near.address }),
    );
    const { dealId: foreign } = await openDeal(publisher, {
      salt: bytesToHex(new Uint8Array(32).fill(200)),
      collector: parseAddress(keys.collector),
      grantKey: parseAddress(keys.grantKey),
      contentRoot: parseContentRoot(bytesToHex(new Uint8Array(32).fill(200))),
      contentCodec: 0x55,
      serviceLevel: 0,
      depositWei: 1_000n,
    });
    await allocate(publisher, foreign, [{ node: near.address, amountWei: 1_000n, ratePerGiB: WEI_PER_BYTE }]);
    await room.levelWithChain();
    const body = await room.grantsBody(room.viewer(), { dealId: foreign });
    const refusal = await api.refused(api.post('/v1/grants', body), 409, 'DEAL_NOT_SERVED');
    expect(refusal.values).to.deep.equal({ dealId: foreign, address: keys.grantKey });
  });
});
