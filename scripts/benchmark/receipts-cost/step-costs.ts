import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ReceiptJournal } from '../../../node/adapters/disk/receipt-journal.ts';
import type { Outcome } from '../../../node/core/delivery/delivery-error.ts';
import { DeliveryLedger } from '../../../node/core/delivery/delivery-ledger.ts';
import { RAW_CODEC } from '../../../sdk/protocol/content.ts';
import { decodeSignedGrant } from '../../../sdk/protocol/grant.ts';
import { parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { decodeSignedReceipt } from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { callsPerCoreSecond } from '../receipts/core-time.ts';
import { signedSample, type SignedPair, type SignedSample } from '../receipts/signed-sample.ts';
import { partsOfVerifying, signReceipt, verifyReceipt } from '../receipts/work.ts';
import { costAmongBlocks } from './among-blocks.ts';

const CALLS = 4_096;
const EPOCH_SECONDS = 86_400;
const BLOCK_BYTES = 1_048_576;
/** Receipts that one write of the journal takes at most. */
const JOURNAL_BATCH = 256;

/** Microseconds of processor time that each step of one receipt takes. */
export interface StepCosts {
  /** The viewer's: digest and signature. */
  readonly sign: number;
  readonly decode: number;
  readonly hash: number;
  readonly recover: number;
  /** Reserving and settling a block, crediting its receipt. */
  readonly ledger: number;
  /** Writing it down, its share of a batch and of the system's work for it. */
  readonly journal: number;
  /** Decode, hash and recover, done between blocks as an edge does it. */
  readonly checkAmongBlocks: number;
}

export async function stepCosts(): Promise<StepCosts> {
  const sample = signedSample(nativeSecp256k1, CALLS);
  const parts = partsOfVerifying(nativeSecp256k1, sample);
  const cost = (work: (pair: SignedPair) => void): number => {
    const perSecond = callsPerCoreSecond((i) => {
      const pair = sample.pairs[i % sample.pairs.length];
      if (pair !== undefined) work(pair);
    }, CALLS);
    return 1e6 / perSecond;
  };
  return {
    sign: cost(signReceipt(nativeSecp256k1, sample)),
    decode: cost(parts.decode),
    hash: cost(parts.hash),
    recover: cost(parts.recover),
    ledger: ledgerCost(sample),
    journal: await journalCost(sample.pairs),
    checkAmongBlocks: await checkCostAmongBlocks(sample),
  };
}

async function checkCostAmongBlocks(sample: SignedSample): Promise<number> {
  const check = verifyReceipt(nativeSecp256k1, sample);
  return costAmongBlocks((i) => check(sample.pairs[i % sample.pairs.length] ?? missing()));
}

function missing(): never {
  throw new RangeError('the sample has no receipts');
}

/** One block after the other under one grant, each receipted when it was sent. */
function ledgerCost({ pairs, grantKey }: SignedSample): number {
  const [pair] = pairs;
  if (pair === undefined) return Number.NaN;
  const { grantHash } = pair.receipt;
  const grant = { ...pair.grant, capBytes: BigInt(Number.MAX_SAFE_INTEGER) };
  const nowSeconds = grant.epoch * EPOCH_SECONDS + 1;
  const deal = {
    ...{ dealId: grant.dealId, publisher: grantKey, grantKey, state: 'open' as const },
    ...{ contentRoot: grant.contentRoot, contentCodec: RAW_CODEC },
  };
  const allocation = {
    ...{ state: 'active' as const, balanceWei: 10n ** 24n, ratePerGiB: 10n ** 15n },
    throughEpoch: parseEpoch(0),
  };
  const ledger = new DeliveryLedger({
    ...{ node: grant.node, epochSeconds: EPOCH_SECONDS },
    claimWindowEpochs: 1,
  });
  required(ledger.open({ grantHash, grant, signer: grantKey, deal, allocation, nowSeconds }));
  let bytesCumulative = 0n;
  const perSecond = callsPerCoreSecond(() => {
    required(ledger.reserve({ grantHash, bytes: BLOCK_BYTES, allocation, nowSeconds })).commit();
    bytesCumulative += BigInt(BLOCK_BYTES);
    required(ledger.applyReceipt({ grantHash, bytesCumulative, signer: grant.viewerKey }));
    ledger.markDurable(grantHash, Number(bytesCumulative));
  }, CALLS);
  return 1e6 / perSecond;
}

function required<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw outcome.error;
}

/** Receipts of many grants in full batches, each waited for; processor time of all threads. */
async function journalCost(pairs: readonly SignedPair[]): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'bcdn-bench-journal-'));
  const journal = new ReceiptJournal({ path: join(directory, 'receipts.journal') });
  try {
    await journal.open();
    const grants = pairs.map(({ grantBytes }) => decodeSignedGrant(grantBytes));
    await Promise.all(
      pairs.map(async ({ receipt }, i) => {
        const grant = grants[i];
        if (grant !== undefined) await journal.appendGrant(receipt.grantHash, grant);
      }),
    );
    const receipts = pairs.map(({ receiptBytes }) => decodeSignedReceipt(receiptBytes));
    const before = process.cpuUsage();
    for (let at = 0; at < receipts.length; at += JOURNAL_BATCH) {
      const batch = receipts.slice(at, at + JOURNAL_BATCH);
      await Promise.all(batch.map(async (receipt) => journal.appendReceipt(receipt)));
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / receipts.length;
  } finally {
    await journal.close();
    await rm(directory, { recursive: true, force: true });
  }
}
