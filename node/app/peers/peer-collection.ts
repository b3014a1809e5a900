import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { lateEpochsOf } from '../../../sdk/protocol/epoch.ts';
import {
  parseEpoch,
  type Address,
  type DealId,
  type Epoch,
  type GrantHash,
} from '../../../sdk/protocol/identifiers.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../../../sdk/protocol/limits.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import type { DeliveryLedger } from '../../core/delivery/delivery-ledger.ts';
import type { DealDirectory } from '../../core/delivery/deal-directory.ts';
import { NodeError } from '../node-error.ts';
import type { NodeLog } from '../node-log.ts';
import { requireImportable } from '../settlement/receipt-import.ts';
import type { PeerCoordinator, PeerSettlementAnswer } from './peer-coordinator.ts';
import type { PeerStore } from './peer-store.ts';

/** Receipts in one request to the coordinator. */
const RECEIPTS_PER_PAGE = 256;

export interface PeerCollectionParts {
  readonly coordinator: Pick<PeerCoordinator, 'settle'>;
  readonly journal: Pick<
    ReceiptJournal,
    'receipts' | 'appendPair' | 'totals' | 'closeEpochs' | 'flush' | 'markPaid'
  >;
  readonly ledger: DeliveryLedger;
  readonly deals: DealDirectory;
  readonly store: PeerStore;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
  readonly peer: Address;
  readonly log: NodeLog;
}

/** Epochs of a deal to hand in. */
export interface HandIn {
  readonly dealId: DealId;
  /** The last one; it has ended. */
  readonly throughEpoch: Epoch;
  readonly epochSeconds: number;
}

/**
 * Closes the ended epochs of a deal, hands their receipts to the coordinator, keeps what viewers had handed to it, and
 * notes what it says they are worth.
 *
 * @throws ClientError when the coordinator is away or refuses; NodeError COORDINATOR_MALFORMED for sums that do not add up
 */
export async function handInReceipts(
  parts: PeerCollectionParts,
  { dealId, throughEpoch, epochSeconds }: HandIn,
  signal: AbortSignal,
): Promise<void> {
  await closeEpochs(parts, dealId, throughEpoch);
  const account = parts.store.account(dealId);
  // What is covered by a root needs no more than what viewers handed in late: that comes from the coordinator itself.
  const earliest = Math.max(0, throughEpoch - lateEpochsOf(epochSeconds));
  const fromEpoch = parseEpoch(Math.max(earliest, account.coveredThrough));
  let answer = await sendOwn(parts, { dealId, fromEpoch, throughEpoch }, signal);
  const better = await keepBetter(parts, { dealId, throughEpoch }, answer.better);
  if (better.length > 0) {
    answer = await parts.coordinator.settle({ dealId, throughEpoch, receipts: better, final: true }, signal);
  }
  for (const { grantHash, code } of answer.refused) {
    parts.log.warn({ dealId, grantHash, code }, 'The coordinator refused a receipt');
  }
  noteStanding(parts, { dealId, throughEpoch }, answer);
}

/** Ends epochs for viewers' receipts. */
async function closeEpochs(
  { ledger, journal }: PeerCollectionParts,
  dealId: DealId,
  throughEpoch: Epoch,
): Promise<void> {
  ledger.closeEpochs(dealId, throughEpoch);
  const noted = journal.totals(dealId)?.closedThrough;
  if (noted === undefined || noted < throughEpoch) await journal.closeEpochs(dealId, throughEpoch);
  await journal.flush();
}

async function sendOwn(
  { journal, coordinator }: PeerCollectionParts,
  span: { dealId: DealId; fromEpoch: Epoch; throughEpoch: Epoch },
  signal: AbortSignal,
): Promise<PeerSettlementAnswer> {
  const { dealId, throughEpoch } = span;
  let after: GrantHash | undefined;
  for (;;) {
    const page = { ...span, limit: RECEIPTS_PER_PAGE, ...(after !== undefined && { afterGrantHash: after }) };
    const receipts = journal.receipts(page);
    const final = receipts.length < RECEIPTS_PER_PAGE;
    const answer = await coordinator.settle({ dealId, throughEpoch, receipts, final }, signal);
    if (final) return answer;
    after = receipts.at(-1)?.signedReceipt.receipt.grantHash;
  }
}

/** Journals the receipts that can be used; gives those that are durable. */
async function keepBetter(
  parts: PeerCollectionParts,
  { dealId, throughEpoch }: { dealId: DealId; throughEpoch: Epoch },
  better: readonly ReceiptWithGrant[],
): Promise<ReceiptWithGrant[]> {
  const deal = better.length === 0 ? undefined : await parts.deals.deal(dealId);
  if (deal === undefined) return [];
  const { secp256k1, domain, peer } = parts;
  const rules = { ...{ secp256k1, domain, deal, throughEpoch }, node: peer, claimed: [] };
  const kept = better.slice(0, MAX_RECEIPTS_PER_REQUEST).map(async (pair) => {
    try {
      requireImportable(pair, rules);
      await parts.journal.appendPair(pair);
      return [pair];
    } catch (error) {
      // It is counted all the same: nothing else is held up.
      parts.log.warn({ dealId, error }, 'A receipt from the coordinator could not be kept');
      return [];
    }
  });
  return (await Promise.all(kept)).flat();
}

function noteStanding(
  { store, log, journal }: PeerCollectionParts,
  { dealId, throughEpoch }: { dealId: DealId; throughEpoch: Epoch },
  { peer }: PeerSettlementAnswer,
): void {
  const byRate = peer?.byRate ?? [];
  const earnedWei = byRate.reduce((sum, { ratePerGiB, bytes }) => sum + priceWei(bytes, ratePerGiB), 0n);
  if (earnedWei !== (peer?.earnedWei ?? 0n)) {
    throw new NodeError('COORDINATOR_MALFORMED', {
      message:
        'What the coordinator says that this peer has earned is not the price of the bytes that it counts.',
      remedy: 'Receipts are kept. Tell the operator of the marketplace.',
      values: { dealId, toldWei: String(peer?.earnedWei ?? 0n), pricedWei: earnedWei.toString() },
    });
  }
  const handedBytes = byRate.reduce((sum, { bytes }) => sum + bytes, 0n);
  const own = ownBytes(journal, dealId, throughEpoch);
  if (handedBytes < own) {
    log.warn(
      { dealId, ownBytes: own.toString(), countedBytes: handedBytes.toString() },
      'Receipts are not counted',
    );
  }
  store.note(dealId, { handedThrough: throughEpoch, handedBytes, earnedWei });
}

function ownBytes(journal: PeerCollectionParts['journal'], dealId: DealId, throughEpoch: Epoch): bigint {
  const totals = journal.totals(dealId);
  let bytes = totals?.paidBytes ?? 0n;
  for (const [epoch, receipted] of totals?.receiptedByEpoch ?? [])
    if (epoch <= throughEpoch) bytes += receipted;
  return bytes;
}
