import { systemClock, type Clock } from '../../../sdk/pacing/clock.ts';
import { Collector } from '../../../marketplace/coordinator/collector.ts';
import { EpochClock } from '../../../marketplace/coordinator/epoch-clock.ts';
import { KeyVault } from '../../../marketplace/coordinator/key-vault.ts';
import type { Database, Sql } from '../../../marketplace/database/database.ts';
import { insertGrant } from '../../../marketplace/database/grant-ledger.ts';
import { ProjectionRows } from '../../../marketplace/database/projection-rows.ts';
import { keepBestReceipts } from '../../../marketplace/database/kept-receipts.ts';
import { decodeSignedGrant, grantHashOf } from '../../../sdk/protocol/grant.ts';
import { parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { decodeSignedReceipt, type ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../../../sdk/protocol/limits.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { RememberedSigners } from '../../../sdk/signing/remembered-signers.ts';
import { BenchError } from '../bench-error.ts';
import type { SignedSample } from '../receipts/signed-sample.ts';

const EPOCH_SECONDS = 600;
const REMEDY = 'Report it: a bench settles receipts that it signed itself.';
/** Pays for any receipts of a run. */
const ALLOCATED_WEI = (10n ** 30n).toString();

/** A ledger with one deal of one node, under whose grants all receipts of a sample are. */
export class Ledger {
  readonly #database: Database;
  readonly #sample: SignedSample;
  readonly #collector: Collector;
  readonly #pairs: readonly ReceiptWithGrant[];

  private constructor(parts: { database: Database; sample: SignedSample; vault: KeyVault }) {
    const { database, sample, vault } = parts;
    this.#database = database;
    this.#sample = sample;
    this.#pairs = sample.pairs.map(({ grantBytes, receiptBytes }) => ({
      signedGrant: decodeSignedGrant(grantBytes),
      signedReceipt: decodeSignedReceipt(receiptBytes),
    }));
    this.#collector = new Collector({
      ...{ database, vault, clock: systemClock, domain: sample.domain },
      secp256k1: new RememberedSigners(nativeSecp256k1),
      epochClock: epochClockOf(systemClock),
      yieldTurn: () => Promise.resolve(),
    });
  }

  static async fill(database: Database, sample: SignedSample): Promise<Ledger> {
    const vault = new KeyVault(
      { database, clock: systemClock, secp256k1: nativeSecp256k1 },
      new Uint8Array(32).fill(1),
    );
    const { collector } = await vault.createPair(undefined);
    const ledger = new Ledger({ database, sample, vault });
    await database.write(async (sql) => {
      await ledger.#writeDeal(sql, collector);
      for (const { signedGrant } of ledger.#pairs) await insertGrant(sql, ledger.#issued(signedGrant));
    });
    return ledger;
  }

  /** Milliseconds for all receipts: verified, kept on disk a page at a time, and paid for by one voucher. */
  async settle(): Promise<number> {
    const { dealId, node } = this.#firstGrant();
    const startedAt = performance.now();
    for (const { page, isLast } of this.#pages()) {
      const settlement = await this.#collector.settle({
        ...{ dealId, node, throughEpoch: parseEpoch(7), pairs: page, final: isLast },
      });
      if (settlement.accepted !== page.length) {
        throw new BenchError('BENCH_RESULT_WRONG', {
          message: `${settlement.refused.length} good receipts were refused.`,
          remedy: REMEDY,
        });
      }
    }
    return performance.now() - startedAt;
  }

  /** Milliseconds for all receipts kept on disk a page at a time, without verifying them. */
  async keep(): Promise<number> {
    const startedAt = performance.now();
    for (const { page } of this.#pages()) {
      const receipts = page.map(({ signedGrant, signedReceipt }) => ({
        issued: this.#issued(signedGrant),
        signedReceipt,
      }));
      await this.#database.write((sql) => keepBestReceipts(sql, receipts, { source: 'node', nowMs: 0 }));
    }
    return performance.now() - startedAt;
  }

  async forgetReceipts(): Promise<void> {
    await this.#database.write(async (sql) => {
      await sql.run('DELETE FROM receipts');
      await sql.run('DELETE FROM vouchers');
    });
  }

  *#pages(): Generator<{ page: readonly ReceiptWithGrant[]; isLast: boolean }> {
    for (let from = 0; from < this.#pairs.length; from += MAX_RECEIPTS_PER_REQUEST) {
      const page = this.#pairs.slice(from, from + MAX_RECEIPTS_PER_REQUEST);
      yield { page, isLast: from + page.length === this.#pairs.length };
    }
  }

  #issued(signedGrant: ReceiptWithGrant['signedGrant']) {
    const grantHash = grantHashOf(this.#sample.domain, signedGrant.grant);
    return { ...signedGrant, grantHash, issuedAtMs: 0, peerRatePerGiB: undefined };
  }

  #firstGrant(): ReceiptWithGrant['signedGrant']['grant'] {
    const [first] = this.#pairs;
    if (first === undefined)
      throw new BenchError('BENCH_RESULT_WRONG', { message: 'The sample has no receipts.', remedy: REMEDY });
    return first.signedGrant.grant;
  }

  async #writeDeal(sql: Sql, collector: string): Promise<void> {
    const { dealId, node, contentRoot } = this.#firstGrant();
    const rows = ProjectionRows.ofBlock(sql, 1);
    await rows.put('deals', {
      ...{ deal_id: dealId, publisher: node, state: 'open', content_root: contentRoot, content_codec: 0x55 },
      ...{ service_level: 0, grant_key: this.#sample.grantKey, collector, previous_grant_key: null },
      ...{ previous_collector: null, key_last_epoch: 0, free_wei: '0', deposited_wei: ALLOCATED_WEI },
      ...{ withdrawn_wei: '0', opened_block: 1 },
    });
    await rows.put('allocations', {
      ...{ deal_id: dealId, node, state: 'active', rate_per_gib: '1000000', allocated_wei: ALLOCATED_WEI },
      ...{ balance_wei: ALLOCATED_WEI, locked_wei: '0', paid_wei: '0', fee_wei: '0', released_wei: '0' },
      ...{ through_epoch: 0, thaw_end: 0 },
    });
  }
}

/** A chain whose last block was just seen. */
function epochClockOf(clock: Clock): EpochClock {
  const nowMs = clock.nowMs();
  const head = { number: 1, timestampSeconds: Math.floor(nowMs / 1000), seenAtMs: nowMs };
  return new EpochClock(
    { clock, chain: () => ({ head, lastContactMs: clock.nowMs() }), epochSeconds: async () => EPOCH_SECONDS },
    { maxDriftSeconds: undefined },
  );
}
