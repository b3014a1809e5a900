import { expect } from 'chai';

import { ChainError } from '../../../sdk/chain/chain-errors.ts';
import { claimRoot, openingCalls, type OpeningOrder } from '../../../sdk/chain/claim-openings.ts';
import {
  approveClaimBonds,
  claimBondWei,
  claimOf,
  commitClaim,
  firstOpeningBlock,
  openClaim,
  pinSeed,
  readClaimTerms,
  seedOf,
  supersedeClaim,
  voidClaim,
  type ClaimTerms,
} from '../../../sdk/chain/claims.ts';
import { connectContracts } from '../../../sdk/chain/contracts.ts';
import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import type { DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { ClaimNetwork, bytesOf, valueOf } from './claim-network.ts';
import { TOKEN } from './local-network.ts';

describe('sampled claims through the SDK', function () {
  this.timeout(60_000);
  let net: ClaimNetwork;
  let terms: ClaimTerms;
  let deals = 0;

  before(async () => {
    net = await ClaimNetwork.start();
    terms = await readClaimTerms(net.provider, net.network.deployment);
  });
  after(() => net.stop());

  interface Committed {
    readonly dealId: DealId;
    readonly epoch: Epoch;
    readonly receipts: readonly ReceiptWithGrant[];
  }
  const read = (dealId: DealId) =>
    claimOf(net.provider, net.network.deployment, { dealId, node: net.node.address });
  const mustRead = async (dealId: DealId) => (await read(dealId)) ?? expect.fail('no claim');
  const commit = async (count = 60): Promise<Committed> => {
    const dealId = await net.deal(`deal ${deals++}`, 1_000n * TOKEN);
    const epoch = await net.epoch();
    const receipts = net.receipts(dealId, epoch, count);
    await net.skipEpochs(1);
    await approveClaimBonds(net.node, TOKEN);
    await commitClaim(net.node, { dealId, toEpoch: epoch, rootWord: claimRoot(() => receipts).word });
    return { dealId, epoch, receipts };
  };
  const orderOf = async (dealId: DealId): Promise<OpeningOrder> => {
    const claim = await mustRead(dealId);
    return { ...claim, seed: await seedOf(net.provider, claim), samples: terms.samples };
  };
  const caught = (error: unknown): unknown => error;
  const refusal = async (work: Promise<unknown>): Promise<unknown> => {
    try {
      await work;
    } catch (error) {
      if (error instanceof ChainError) return error.values['error'];
      throw error;
    }
    return undefined;
  };

  it('reads the terms, and nothing where there never was a claim', async () => {
    expect(terms).to.deep.equal({
      samples: 16,
      saltWindowBlocks: 1,
      openingWindowBlocks: 64,
      bondFloorWei: TOKEN,
    });
    expect(claimBondWei(15n * TOKEN, terms)).to.equal(TOKEN);
    expect(claimBondWei(160n * TOKEN, terms)).to.equal(10n * TOKEN);
    expect(await read(await net.deal('no claim', TOKEN))).to.equal(undefined);
  });

  it('commits, opens at the first block that allows it, and is paid to the last wei', async () => {
    const before = await net.balance();
    const { dealId, epoch, receipts } = await commit();
    const claim = await mustRead(dealId);
    expect(claim).to.deep.include({
      state: 'committed',
      totalBytes: bytesOf(receipts),
      lockedWei: valueOf(receipts),
      bondWei: claimBondWei(valueOf(receipts), terms),
      toEpoch: epoch,
      openedStrata: 0,
    });
    expect(await net.balance()).to.equal(before - claim.bondWei);
    const head = await net.provider.getBlockNumber();
    await net.mine(firstOpeningBlock(claim, terms) - 1 - head);
    const calls = await openingCalls(() => receipts, await orderOf(dealId));
    expect(calls).to.have.length(1);
    for (const call of calls) {
      const { payments, transaction } = await openClaim(net.node, { ...call, dealId, to: net.node.address });
      expect(payments).to.deep.equal([
        { dealId, node: net.node.address, paidWei: valueOf(receipts), feeWei: 0n },
      ]);
      expect(transaction.blockNumber).to.equal(firstOpeningBlock(claim, terms));
    }
    expect((await read(dealId))?.state).to.equal('paid');
    expect(await net.balance()).to.equal(before + valueOf(receipts));
  });

  it('draws the seed as the contract does, before and after the pin', async () => {
    const { dealId } = await commit();
    await net.mine(4);
    const { claims } = connectContracts(net.provider, net.network.deployment);
    const drawn = await claims.seedOf(dealId, net.node.address);
    expect(bytesToHex(await seedOf(net.provider, await mustRead(dealId)))).to.equal(drawn);
    await pinSeed(net.node, { dealId, node: net.node.address });
    const pinned = await mustRead(dealId);
    expect([pinned.state, pinned.seed]).to.deep.equal(['seeded', drawn]);
    expect(bytesToHex(await seedOf(net.provider, pinned))).to.equal(drawn);
  });

  it('opens in several transactions when one would be too long, and goes on where it was', async () => {
    const { dealId, receipts } = await commit();
    await net.mine(4);
    const whole = await openingCalls(() => receipts, await orderOf(dealId));
    const parts = await openingCalls(
      () => receipts,
      await orderOf(dealId),
      (whole[0]?.openings.length ?? 0) / 3,
    );
    expect(parts.length).to.be.greaterThan(2);
    const [first] = parts;
    if (first === undefined) return;
    await openClaim(net.node, { ...first, dealId, to: net.node.address });
    expect((await mustRead(dealId)).openedStrata).to.equal(first.strata);
    const rest = await openingCalls(() => receipts, await orderOf(dealId), 10_000);
    for (const call of rest) await openClaim(net.node, { ...call, dealId, to: net.node.address });
    expect((await mustRead(dealId)).state).to.equal('paid');
    expect(await openingCalls(() => receipts, await orderOf(dealId))).to.deep.equal([]);
  });

  it('refuses to open with receipts that are not those of the claim, and by limits', async () => {
    const { dealId, receipts } = await commit(20);
    await net.mine(4);
    const order = await orderOf(dealId);
    const others: unknown = await openingCalls(() => receipts.slice(0, 3), order).catch(caught);
    expect(others).to.be.instanceOf(ProtocolError).with.property('code', 'TRIE_OPENINGS_INVALID');
    const long: unknown = await openingCalls(() => receipts, order, 100).catch(caught);
    expect(long).to.be.instanceOf(ProtocolError).with.property('code', 'LENGTH_INVALID');
  });

  it('is replaced by a voucher of its last epoch that is worth as much, not by another', async () => {
    const before = await net.balance();
    const { dealId, epoch, receipts } = await commit();
    const low = net.voucher(dealId, epoch, valueOf(receipts) - 1n);
    expect(await refusal(supersedeClaim(net.node, low, net.node.address))).to.equal('VoucherBelowClaim');
    const { payments } = await supersedeClaim(
      net.node,
      net.voucher(dealId, epoch, valueOf(receipts) + TOKEN),
      net.node.address,
    );
    expect(payments.map(({ paidWei }) => paidWei)).to.deep.equal([valueOf(receipts) + TOKEN]);
    expect((await mustRead(dealId)).state).to.equal('superseded');
    expect(await net.balance()).to.equal(before + valueOf(receipts) + TOKEN);
  });

  it('is void when its window is over, which ends its bond', async () => {
    const before = await net.balance();
    const { dealId, epoch } = await commit();
    const { lastBlock, bondWei, lockedWei } = await mustRead(dealId);
    const key = { dealId, node: net.node.address };
    expect(await refusal(voidClaim(net.node, key))).to.equal('ClaimWindowRunning');
    await net.mine(lastBlock - (await net.provider.getBlockNumber()));
    expect(await refusal(pinSeed(net.node, key))).to.equal('ClaimWindowOver');
    await voidClaim(net.node, key);
    expect((await mustRead(dealId)).state).to.equal('void');
    expect(await net.balance()).to.equal(before - bondWei);
    const allocation = await net.allocation(dealId);
    expect([allocation?.throughEpoch, allocation?.balanceWei]).to.deep.equal([epoch, 1_000n * TOKEN]);
    expect(lockedWei > 0n).to.equal(true);
  });

  it('approves the bonds once', async () => {
    await approveClaimBonds(net.node, TOKEN);
    expect(await approveClaimBonds(net.node, 10n ** 26n)).to.equal(undefined);
  });
});
