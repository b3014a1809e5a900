import { expect } from 'chai';
import fc from 'fast-check';

import { systemClock } from '../../../sdk/pacing/clock.ts';
import { Collector } from '../../../marketplace/coordinator/collector.ts';
import { EpochClock } from '../../../marketplace/coordinator/epoch-clock.ts';
import { KeyVault } from '../../../marketplace/coordinator/key-vault.ts';
import type { Database } from '../../../marketplace/database/database.ts';
import { sumDelivered } from '../../../marketplace/database/delivery-accounts.ts';
import { insertGrant } from '../../../marketplace/database/grant-ledger.ts';
import { ProjectionRows } from '../../../marketplace/database/projection-rows.ts';
import { signedSample } from '../../../scripts/benchmark/receipts/signed-sample.ts';
import { decodeSignedGrant, grantHashOf } from '../../../sdk/protocol/grant.ts';
import { parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { receiptDigest, type ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

const RECEIPTS = 48;
const EPOCH_SECONDS = 600;
const EPOCH = parseEpoch(7);
const RATE_PER_GIB = 1_000_003n;
const ALLOCATED_WEI = 10n ** 30n;
const sample = signedSample(nativeSecp256k1, RECEIPTS);

describe('two collectors on one ledger', () => {
  let storage: TestStorage;
  let database: Database;
  let collectors: readonly [Collector, Collector];

  before(async () => {
    storage = await temporaryStorage();
    database = await storage.open();
    const secret = new Uint8Array(32).fill(1);
    const vault = new KeyVault({ database, clock: systemClock, secp256k1: nativeSecp256k1 }, secret);
    await writeDeal((await vault.createPair(undefined)).collector);
    const components = {
      ...{ database, vault, clock: systemClock, domain: sample.domain, secp256k1: nativeSecp256k1 },
      epochClock: runningEpochClock(),
      yieldTurn: () => new Promise<void>((resolve) => setImmediate(resolve)),
    };
    collectors = [new Collector(components), new Collector(components)];
  });

  after(async () => {
    await database.close();
    await storage.remove();
  });

  /** The receipt of a grant that counts so many bytes. */
  function pairOf(at: number, bytes: bigint): ReceiptWithGrant {
    const pair = sample.pairs[at % RECEIPTS];
    if (pair === undefined) return expect.fail('there is a pair');
    const signedGrant = decodeSignedGrant(pair.grantBytes);
    const receipt = { grantHash: grantHashOf(sample.domain, pair.grant), bytesCumulative: bytes };
    const signature = nativeSecp256k1.sign(receiptDigest(sample.domain, receipt), pair.viewerPrivateKey);
    return { signedGrant, signedReceipt: { receipt, signature } };
  }

  async function writeDeal(collector: string): Promise<void> {
    const [first] = sample.pairs;
    if (first === undefined) return expect.fail('there is a pair');
    const { dealId, node, contentRoot } = first.grant;
    await database.write(async (sql) => {
      const rows = ProjectionRows.ofBlock(sql, 1);
      await rows.put('deals', {
        ...{
          deal_id: dealId,
          publisher: node,
          state: 'open',
          content_root: contentRoot,
          content_codec: 0x55,
        },
        ...{ service_level: 0, grant_key: sample.grantKey, collector, previous_grant_key: null },
        ...{ previous_collector: null, key_last_epoch: 0, free_wei: '0', opened_block: 1 },
        ...{ deposited_wei: `${ALLOCATED_WEI}`, withdrawn_wei: '0' },
      });
      await rows.put('allocations', {
        ...{ deal_id: dealId, node, state: 'active', rate_per_gib: `${RATE_PER_GIB}`, paid_wei: '0' },
        ...{ allocated_wei: `${ALLOCATED_WEI}`, balance_wei: `${ALLOCATED_WEI}`, locked_wei: '0' },
        ...{ fee_wei: '0', released_wei: '0', through_epoch: 0, thaw_end: 0 },
      });
      for (const { grantBytes, receipt } of sample.pairs) {
        const { grantHash } = receipt;
        const signedGrant = decodeSignedGrant(grantBytes);
        await insertGrant(sql, { ...signedGrant, grantHash, issuedAtMs: 0, peerRatePerGiB: undefined });
      }
    });
  }

  it('pay each byte once, whichever takes it, in whatever order, from node and viewer', async () => {
    const { dealId, node } = pairOf(0, 1n).signedGrant.grant;
    const receipt = fc.record({ at: fc.nat(RECEIPTS - 1), bytes: fc.bigInt({ min: 0n, max: 2n ** 26n }) });
    const call = fc.record({
      ...{ collector: fc.nat(1), from: fc.constantFrom('node', 'viewer') },
      receipts: fc.array(receipt, { minLength: 1, maxLength: 40 }),
    });
    // Of all runs: a ledger never forgets.
    const best = new Map<number, bigint>();
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 4 }), async (calls) => {
        const settling = { dealId, node, throughEpoch: EPOCH };
        await Promise.all(
          calls.map(async ({ collector, from, receipts }) => {
            const chosen = collectors[collector === 0 ? 0 : 1];
            const pairs = receipts.map(({ at, bytes }) => pairOf(at, bytes));
            for (const { at, bytes } of receipts) if (bytes >= (best.get(at) ?? 0n)) best.set(at, bytes);
            if (from === 'viewer') return chosen.accept(pairs);
            return chosen.settle({ ...settling, pairs, final: false });
          }),
        );
        const earned = [...best.values()].reduce((sum, bytes) => sum + bytes, 0n);
        expect(await sumDelivered(database.read)).to.equal(earned);
        const last = { ...settling, pairs: [], final: true };
        const settled = await Promise.all(collectors.map((collector) => collector.settle(last)));
        for (const { voucher } of settled)
          expect(voucher?.voucher.cumulative).to.equal(priceWei(earned, RATE_PER_GIB));
      }),
      { numRuns: 20 },
    );
  });

  it('acknowledge to a viewer the best that is held, and refuse alone what is not good', async () => {
    const [collector] = collectors;
    const cap = pairOf(3, 0n).signedGrant.grant.capBytes;
    await collector.accept([pairOf(3, cap)]);
    const forged = { ...pairOf(4, 5n), signedReceipt: pairOf(5, 5n).signedReceipt };
    const answer = await collector.accept([pairOf(3, 1n), forged, pairOf(6, cap + 100n), pairOf(3, 2n)]);
    const { grantHash } = pairOf(3, 0n).signedReceipt.receipt;
    expect(answer.acknowledged).to.deep.equal([
      { grantHash, bytes: cap },
      { grantHash, bytes: cap },
    ]);
    expect(answer.refused.map(({ code }) => code)).to.deep.equal(['RECEIPT_MISMATCH', 'RECEIPT_OVER_CAP']);
  });
});

/** A chain whose last block was just seen, in the epoch after that of the grants. */
function runningEpochClock(): EpochClock {
  const nowMs = (EPOCH + 1) * EPOCH_SECONDS * 1_000 + 1_000;
  const head = { number: 1, timestampSeconds: Math.floor(nowMs / 1000), seenAtMs: nowMs };
  return new EpochClock(
    {
      clock: { ...systemClock, nowMs: () => nowMs },
      chain: () => ({ head, lastContactMs: nowMs }),
      epochSeconds: async () => EPOCH_SECONDS,
    },
    { maxDriftSeconds: undefined },
  );
}
