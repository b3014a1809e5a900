import { expect } from 'chai';

import { PeerDealDirectory, type PoolReader } from '../../../../node/app/peers/peer-deal-directory.ts';
import type { DealView } from '../../../../node/core/delivery/deal-directory.ts';
import { DeliveryLedger } from '../../../../node/core/delivery/delivery-ledger.ts';
import { MAX_UNPAID_PEER_BYTES } from '../../../../node/core/delivery/delivery-limits.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
} from '../../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../../sdk/protocol/limits.ts';

const MIB = 2 ** 20;
const EPOCH_SECONDS = 100;
const EPOCH = parseEpoch(50);
const NOW = 5_050;
const DEAL = parseDealId(`0x${'d1'.repeat(32)}`);
const PEER = parseAddress(`0x${'0a'.repeat(20)}`);
const VIEWER = parseAddress(`0x${'0b'.repeat(20)}`);
const GRANT_KEY = parseAddress(`0x${'0c'.repeat(20)}`);
const ROOT = parseContentRoot(`0x${'05'.repeat(32)}`);
const deal: DealView = {
  ...{ dealId: DEAL, publisher: VIEWER, contentRoot: ROOT, contentCodec: 0x70, state: 'open' as const },
  grantKey: GRANT_KEY,
};
type Pool = Awaited<ReturnType<PoolReader['pool']>>;

describe('deals of a peer', () => {
  let nowMs = 0;
  let pool: Pool;
  let away: boolean;
  let questions: number;
  let coveredThrough = parseEpoch(0);

  beforeEach(() => {
    pool = { fundedWei: 10n ** 18n, postedWei: 0n, thawEndEpoch: undefined };
    away = false;
    questions = 0;
    coveredThrough = parseEpoch(0);
  });

  function directory(askWeiPerGiB: bigint): PeerDealDirectory {
    const chain: PoolReader = {
      deal: async (dealId) => (dealId === DEAL ? deal : undefined),
      pool: async () => {
        questions += 1;
        if (away) throw new TypeError('the chain is away');
        return pool;
      },
    };
    const zeros = {
      handedThrough: parseEpoch(0),
      handedBytes: 0n,
      earnedWei: 0n,
      postedWei: 0n,
      paidWei: 0n,
    };
    const store = { account: () => ({ dealId: DEAL, ...zeros, coveredThrough }) };
    return new PeerDealDirectory(
      { chain, store, clock: { nowMs: () => nowMs } },
      { askWeiPerGiB: () => askWeiPerGiB },
    );
  }

  it('hold no more than a pool can pay at the ask, and no more than the risk of one root', async () => {
    const rich = await directory(1n).allocation(DEAL);
    expect(rich).to.include({
      balanceWei: BigInt(MAX_UNPAID_PEER_BYTES),
      ratePerGiB: GIB_BYTES,
      isPeerPool: true,
    });
    expect(await directory(0n).allocation(DEAL)).to.include({ balanceWei: BigInt(MAX_UNPAID_PEER_BYTES) });
    pool = { ...pool, fundedWei: 70n, postedWei: 60n };
    expect((await directory(GIB_BYTES).allocation(DEAL))?.balanceWei).to.equal(10n);
    pool = { ...pool, postedWei: 70n };
    expect(await directory(GIB_BYTES).allocation(DEAL)).to.equal(undefined);
    pool = { ...pool, fundedWei: 0n, postedWei: 0n };
    expect(await directory(GIB_BYTES).deal(DEAL)).to.equal(undefined);
  });

  it('let the ledger serve so much and refuse the rest, until a root covers the epoch', async () => {
    pool = { ...pool, fundedWei: BigInt(2 * MIB) };
    const deals = directory(GIB_BYTES);
    const ledger = new DeliveryLedger({ node: PEER, epochSeconds: EPOCH_SECONDS, claimWindowEpochs: 1 });
    const grantHash = parseGrantHash(`0x${'99'.repeat(32)}`);
    const capBytes = BigInt(64 * MIB);
    const grant = { dealId: DEAL, node: PEER, viewerKey: VIEWER, epoch: EPOCH, capBytes, contentRoot: ROOT };
    const opened = ledger.open({
      ...{ grantHash, grant, signer: GRANT_KEY, nowSeconds: NOW },
      ...{ deal: await deals.deal(DEAL), allocation: await deals.allocation(DEAL) },
    });
    expect(opened.ok).to.equal(true);
    let servedBytes = 0;
    let refusal = 'none';
    for (let block = 0; block < 100 && refusal === 'none'; block++) {
      const bytes = 64 * 1024;
      const allocation = await deals.allocation(DEAL);
      const outcome = ledger.reserve({ grantHash, bytes, allocation, nowSeconds: NOW });
      if (!outcome.ok) refusal = outcome.error.code;
      else {
        outcome.value.commit();
        servedBytes += bytes;
        ledger.applyReceipt({ grantHash, bytesCumulative: BigInt(servedBytes), signer: VIEWER });
      }
    }
    expect(refusal).to.equal('ALLOCATION_EXHAUSTED');
    expect(servedBytes).to.equal(2 * MIB);
    coveredThrough = EPOCH;
    const covered = ledger.reserve({
      ...{ grantHash, bytes: 1, nowSeconds: NOW },
      allocation: await deals.allocation(DEAL),
    });
    expect(covered.ok ? 'served' : covered.error.code).to.equal('EPOCH_CLOSED');
  });

  it('thaw like an allocation, and are good as last seen while the chain is away', async () => {
    const deals = directory(GIB_BYTES);
    await deals.allocation(DEAL);
    await deals.deal(DEAL);
    expect(questions).to.equal(1);
    pool = { ...pool, thawEndEpoch: parseEpoch(53) };
    nowMs += 5_000;
    expect(await deals.allocation(DEAL)).to.include({ state: 'thawing', thawEndEpoch: 53 });
    away = true;
    nowMs += 5_000;
    expect(await deals.allocation(DEAL)).to.include({ state: 'thawing' });
    const unknown: unknown = await directory(1n)
      .deal(DEAL)
      .catch((error: unknown) => error);
    expect(unknown).to.be.instanceOf(TypeError);
  });
});
