import { expect } from 'chai';

import type { AuditReport } from '../../../sdk/audit/report.ts';
import type { NodeBill } from '../../../sdk/audit/node-bill.ts';
import { claimRoot, openingCalls } from '../../../sdk/chain/claim-openings.ts';
import {
  approveClaimBonds,
  claimOf,
  commitClaim,
  openClaim,
  readClaimTerms,
  seedOf,
  supersedeClaim,
  voidClaim,
} from '../../../sdk/chain/claims.ts';
import { rotateKeys } from '../../../sdk/chain/deals.ts';
import { claimDirect, redeemVouchers } from '../../../sdk/chain/payments.ts';
import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseEpoch, type DealId } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { decodeSignedVoucher, type SignedVoucher } from '../../../sdk/protocol/voucher.ts';
import type { SettlementAnswer } from '../../marketplace/coordinator/deal-room.ts';
import { AuditedMarket } from './audited-market.ts';

const ALLOCATED = 2n ** 26n;

describe('audit of claims, with a real chain and a real marketplace', function () {
  this.timeout(60_000);
  let audited: AuditedMarket;

  before(async () => {
    audited = await AuditedMarket.open();
    await approveClaimBonds(audited.near, 2n ** 90n);
  });

  after(() => audited.close());

  /** A deal whose near node holds receipts of an epoch that has ended. */
  async function served(
    ...bytes: bigint[]
  ): Promise<{ dealId: DealId; epoch: number; pairs: ReceiptWithGrant[] }> {
    const { dealId } = await audited.room.openFundedDeal(new Map([[audited.near, ALLOCATED]]));
    return { dealId, ...(await servedMore(dealId, ...bytes)) };
  }

  async function servedMore(dealId: DealId, ...bytes: bigint[]) {
    const viewed = [];
    for (const amount of bytes) viewed.push(await audited.view(dealId, audited.near, amount));
    await endEpoch();
    const sorted = viewed
      .map(({ pair }) => pair)
      .sort((a, b) => (a.signedReceipt.receipt.grantHash < b.signedReceipt.receipt.grantHash ? -1 : 1));
    return { epoch: viewed[0]?.epoch ?? 0, pairs: sorted };
  }

  async function endEpoch(): Promise<void> {
    await audited.market.endEpoch();
    await audited.room.levelWithChain();
  }

  async function settle(
    dealId: DealId,
    throughEpoch: number,
    pairs: readonly ReceiptWithGrant[],
  ): Promise<SignedVoucher> {
    const { room, api, near } = audited;
    const answer = await api.ok<SettlementAnswer>(room.settle(dealId, near, { throughEpoch, pairs }));
    return decodeSignedVoucher(base64UrlDecode(answer.voucher ?? ''));
  }

  async function commit(dealId: DealId, toEpoch: number, pairs: readonly ReceiptWithGrant[]): Promise<void> {
    const rootWord = claimRoot(() => pairs).word;
    await commitClaim(audited.near, { dealId, toEpoch: parseEpoch(toEpoch), rootWord });
    await audited.room.levelWithChain();
  }

  async function open(dealId: DealId, pairs: readonly ReceiptWithGrant[]): Promise<void> {
    const { market, near, room } = audited;
    const claim = await claimOf(market.provider, market.deployment, { dealId, node: near.address });
    if (claim === undefined) throw new TypeError('There is no claim.');
    await market.mine(5);
    const { samples } = await readClaimTerms(market.provider, market.deployment);
    const seed = await seedOf(market.provider, claim);
    for (const call of await openingCalls(() => pairs, { ...claim, seed, samples }))
      await openClaim(near, { ...call, dealId, to: near.address });
    await room.levelWithChain();
  }

  /** Block by block: the many blocks of one call would not be chained by their hashes. */
  async function leaveUnopened(dealId: DealId): Promise<void> {
    const { market, near, room } = audited;
    for (let block = 0; block <= market.parameters.openingWindowBlocks + 2; block++) await market.mine(1);
    await voidClaim(near, { dealId, node: near.address });
    await room.levelWithChain();
  }

  async function auditOf(dealId: DealId): Promise<AuditReport & { bill: NodeBill }> {
    const report = await audited.audit((await audited.download(dealId)).file);
    const [bill] = report.nodes;
    if (bill === undefined) throw new TypeError('There is no bill.');
    return { ...report, bill };
  }

  it('counts a paid sampled claim by its bytes, and what follows by receipts', async () => {
    const { dealId, epoch, pairs } = await served(700_001n, 300_002n);
    await commit(dealId, epoch, pairs);
    const undecided = await auditOf(dealId);
    expect(undecided.bill.openClaim).to.include({ lockedWei: 1_000_003n, toEpoch: epoch });
    expect(undecided).to.include({ agrees: true, billedWei: 0n, paidWei: 0n });
    await open(dealId, pairs);
    const later = await servedMore(dealId, 77n);
    await redeemVouchers(
      audited.near,
      [await settle(dealId, later.epoch, [...pairs, ...later.pairs])],
      audited.near.address,
    );
    await audited.room.levelWithChain();
    const { agrees, bill, receipts } = await auditOf(dealId);
    expect(agrees).to.equal(true);
    expect(bill).to.deep.include({
      ...{ paidWei: 1_000_080n, billedWei: 1_000_080n, recomputedWei: 1_000_080n, notYetBilledWei: 0n },
      differences: [],
    });
    expect(bill.payments.map(({ route, paidWei }) => [route, paidWei])).to.deep.equal([
      ['sampled-claim', 1_000_003n],
      ['voucher', 77n],
    ]);
    expect(receipts.rejected).to.deep.equal({ EPOCH_SETTLED_BY_CLAIM: 2 });
  });

  it('says which bytes of a claim the coordinator has no receipts of', async () => {
    const { dealId, epoch, pairs } = await served(60_000n);
    const toEpoch = parseEpoch(epoch);
    await claimDirect(audited.near, { dealId, toEpoch, receipts: pairs, to: audited.near.address });
    await audited.room.levelWithChain();
    const { agrees, bill } = await auditOf(dealId);
    expect(agrees).to.equal(true);
    expect(bill).to.include({ paidWei: 60_000n, recomputedWei: 60_000n });
    expect(bill.differences.map(({ code, isWrong, values }) => ({ code, isWrong, ...values }))).to.deep.equal(
      [
        {
          ...{ code: 'CLAIM_ABOVE_RECEIPTS', isWrong: false, route: 'direct-claim' },
          ...{ transactionHash: bill.payments[0]?.transactionHash, afterEpoch: -1, toEpoch: epoch },
          ...{ claimedBytes: 60_000n, heldBytes: 0n },
        },
      ],
    );
  });

  it('pays nothing for the epochs of a void claim, and names their receipts', async () => {
    const { dealId, epoch, pairs } = await served(500n);
    await commit(dealId, epoch, pairs);
    await leaveUnopened(dealId);
    await settle(dealId, epoch, pairs);
    const { agrees, bill, rejected } = await auditOf(dealId);
    expect(agrees).to.equal(true);
    expect(bill).to.include({ paidWei: 0n, billedWei: 0n, recomputedWei: 0n });
    expect(rejected.map(({ code, values }) => ({ code, ...values }))).to.deep.equal([
      {
        ...{ code: 'EPOCH_SETTLED_BY_CLAIM', route: 'sampled-claim', outcome: 'void' },
        ...{ afterEpoch: rejected[0]?.values['afterEpoch'], toEpoch: epoch },
      },
    ]);
  });

  it('tells a voucher from before a void claim apart from one that nothing justifies', async () => {
    const { dealId, epoch, pairs } = await served(300n);
    await settle(dealId, epoch, pairs);
    await commit(dealId, epoch, pairs);
    await leaveUnopened(dealId);
    const { agrees, bill } = await auditOf(dealId);
    expect(agrees).to.equal(true);
    expect(bill.differences.map(({ code, isWrong }) => ({ code, isWrong }))).to.deep.equal([
      { code: 'VOID_EPOCHS_PAID', isWrong: false },
    ]);
  });

  it('counts receipts where a voucher took the place of a claim', async () => {
    const { dealId, epoch, pairs } = await served(4_321n);
    await commit(dealId, epoch, pairs);
    await supersedeClaim(audited.near, await settle(dealId, epoch, pairs), audited.near.address);
    await audited.room.levelWithChain();
    const { agrees, bill, receipts } = await auditOf(dealId);
    expect(agrees).to.equal(true);
    expect(bill).to.deep.include({ paidWei: 4_321n, recomputedWei: 4_321n, differences: [] });
    expect(receipts).to.include({ total: 1, counted: 1 });
  });

  it('takes grants of a key that was rotated out for the epochs it was good for', async () => {
    const { dealId, epoch, pairs } = await served(1_111n);
    const { api, market, room } = audited;
    const publisher = await market.sender(1);
    const keys = await api.ok<{ grantKey: string; collector: string }>(
      api.post('/v1/coordinator/keys', { publisher: publisher.address }),
    );
    const [grantKey, collector] = [parseAddress(keys.grantKey), parseAddress(keys.collector)];
    await rotateKeys(publisher, dealId, { grantKey, collector });
    await room.levelWithChain();
    await endEpoch();
    await endEpoch();
    const later = await servedMore(dealId, 2_222n);
    const voucher = await settle(dealId, later.epoch, [...pairs, ...later.pairs]);
    await redeemVouchers(audited.near, [voucher], audited.near.address);
    await room.levelWithChain();
    const { agrees, bill, receipts } = await auditOf(dealId);
    expect(agrees).to.equal(true);
    expect(bill).to.deep.include({ paidWei: 3_333n, recomputedWei: 3_333n, differences: [] });
    expect(receipts).to.include({ total: 2, counted: 2 });
    expect(epoch).to.be.below(later.epoch);
  });
});
