import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { parseEpoch, type Address, type Epoch, type GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../../../sdk/protocol/limits.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import type { SignedVoucher } from '../../../sdk/protocol/voucher.ts';
import type { CachedDealDirectory, OwnDeal } from '../../adapters/chain/cached-deal-directory.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import { MAX_BETTER_ROUNDS } from '../../core/settlement/settlement-limits.ts';
import { dueWei } from '../../core/settlement/settlement-plan.ts';
import { NodeError } from '../node-error.ts';
import type { NodeLog } from '../node-log.ts';
import type { CoordinatorClient, SettlementAnswer, SettlementPage } from './coordinator-client.ts';
import { requireImportable } from './receipt-import.ts';
import type { ClaimNote } from './settlement-notes.ts';
import type { SettlementStore } from './settlement-store.ts';

/** Receipts in one request to the coordinator. */
const RECEIPTS_PER_PAGE = 256;

/** What collecting a voucher needs. */
export interface VoucherCollectionParts {
  readonly coordinator: Pick<CoordinatorClient, 'settle'>;
  readonly journal: Pick<ReceiptJournal, 'receipts' | 'appendPair' | 'totals'>;
  readonly store: Pick<SettlementStore, 'claimedSpans'>;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
  readonly node: Address;
  readonly log: NodeLog;
}

/** Which voucher is wanted. */
export interface VoucherWish {
  readonly own: OwnDeal;
  readonly throughEpoch: Epoch;
  /** What this node's own receipts are worth: a voucher must not pay less. */
  readonly cumulativeWei: bigint;
  /** The coordinator was handed the receipts of epochs up to this one before. @default none but those settled on chain */
  readonly handedInThrough?: Epoch | undefined;
}

/** A voucher, and what the coordinator knew better. */
export interface CollectedVoucher {
  readonly signed: SignedVoucher;
  /** Bytes of receipts that viewers had handed to the coordinator and that the journal has now. */
  readonly recoveredBytes: bigint;
}

/**
 * Hands the receipts of the ended epochs that are not settled on chain to the coordinator, page by page, and gives its
 * voucher. Keeps the better receipts that it returns, also those of settled epochs, and sends them back, so that the
 * coordinator knows that this node has them.
 *
 * @throws NodeError COORDINATOR_UNREACHABLE, COORDINATOR_REFUSED, COORDINATOR_MALFORMED, VOUCHER_WRONG
 */
export async function collectVoucher(
  parts: VoucherCollectionParts,
  wish: VoucherWish,
  signal: AbortSignal,
): Promise<CollectedVoucher> {
  const before = closedBytes(parts, wish);
  let answer = await sendOwn(parts, wish, signal);
  // It has lost some of what it was handed before.
  if (wish.handedInThrough !== undefined && shortfall(parts, wish, answer) !== undefined) {
    answer = await sendOwn(parts, { ...wish, handedInThrough: undefined }, signal);
  }
  const sent = new Set<GrantHash>();
  for (let round = 0; round < MAX_BETTER_ROUNDS; round++) {
    const fresh = answer.better.filter(({ signedReceipt }) => !sent.has(signedReceipt.receipt.grantHash));
    const kept = await keepBetter(parts, wish, fresh.slice(0, MAX_RECEIPTS_PER_REQUEST));
    if (kept.length === 0) break;
    for (const { signedReceipt } of kept) sent.add(signedReceipt.receipt.grantHash);
    answer = await send(parts, wish, { receipts: kept, final: true }, signal);
  }
  const signed = requireVoucher(parts, wish, answer);
  return { signed, recoveredBytes: closedBytes(parts, wish) - before };
}

/**
 * The voucher for the epochs of an open claim, worth at least what it locks, so that it can take its place.
 *
 * @throws as `collectVoucher`; NodeError VOUCHER_WRONG when the deal is not known
 */
export async function collectForClaim(
  parts: VoucherCollectionParts & { readonly directory: Pick<CachedDealDirectory, 'known'> },
  claim: ClaimNote,
  signal: AbortSignal,
): Promise<SignedVoucher> {
  const own = parts.directory.known(claim.dealId);
  if (own === undefined) {
    throw new NodeError('VOUCHER_WRONG', {
      message: 'The deal of an open claim is not known.',
      remedy: 'Wait until the chain has been read.',
      values: { dealId: claim.dealId },
    });
  }
  const { paidWei, balanceWei } = own.allocation;
  // As if there were no claim: its amount in the balance, its epochs not settled.
  const allocation = {
    ...own.allocation,
    balanceWei: balanceWei + claim.lockedWei,
    throughEpoch: claim.fromEpoch,
  };
  const wish = {
    own: { ...own, allocation },
    throughEpoch: claim.toEpoch,
    cumulativeWei: paidWei + claim.lockedWei,
  };
  return (await collectVoucher(parts, wish, signal)).signed;
}

/** Sends what the journal has; gives the answer to the last page. */
async function sendOwn(
  parts: VoucherCollectionParts,
  wish: VoucherWish,
  signal: AbortSignal,
): Promise<SettlementAnswer> {
  const { deal, allocation } = wish.own;
  const query = {
    dealId: deal.dealId,
    fromEpoch: parseEpoch(Math.max(allocation.throughEpoch, wish.handedInThrough ?? 0) + 1),
    throughEpoch: wish.throughEpoch,
    limit: RECEIPTS_PER_PAGE,
  };
  let after: GrantHash | undefined;
  for (;;) {
    const receipts = parts.journal.receipts({
      ...query,
      ...(after === undefined ? {} : { afterGrantHash: after }),
    });
    const final = receipts.length < RECEIPTS_PER_PAGE;
    const answer = await send(parts, wish, { receipts, final }, signal);
    if (final) return answer;
    after = receipts.at(-1)?.signedReceipt.receipt.grantHash;
  }
}

async function send(
  parts: VoucherCollectionParts,
  { own, throughEpoch }: VoucherWish,
  page: Pick<SettlementPage, 'receipts' | 'final'>,
  signal: AbortSignal,
): Promise<SettlementAnswer> {
  const { dealId } = own.deal;
  const answer = await parts.coordinator.settle({ dealId, node: parts.node, throughEpoch, ...page }, signal);
  for (const { grantHash, code } of answer.refused) {
    parts.log.warn({ dealId, grantHash, code }, 'The coordinator refused a receipt');
  }
  return answer;
}

/** Journals the receipts that can be used; gives those that are durable. */
async function keepBetter(
  parts: VoucherCollectionParts,
  wish: VoucherWish,
  better: readonly ReceiptWithGrant[],
): Promise<ReceiptWithGrant[]> {
  if (better.length === 0) return [];
  const { deal } = wish.own;
  const claimed = parts.store.claimedSpans(deal.dealId);
  const rules = { ...parts, deal, throughEpoch: wish.throughEpoch, claimed };
  const kept = better.map(async (pair) => {
    try {
      requireImportable(pair, rules);
      await parts.journal.appendPair(pair);
      return [pair];
    } catch (error) {
      // The voucher pays for it all the same: nothing else is held up.
      parts.log.warn({ error }, 'A receipt from the coordinator could not be kept');
      return [];
    }
  });
  return (await Promise.all(kept)).flat();
}

/** Receipted bytes of the epochs that are being settled; they change by what the coordinator hands over only. */
function closedBytes({ journal }: VoucherCollectionParts, { own, throughEpoch }: VoucherWish): bigint {
  let bytes = 0n;
  for (const [epoch, receipted] of journal.totals(own.deal.dealId)?.receiptedByEpoch ?? []) {
    if (epoch <= throughEpoch) bytes += receipted;
  }
  return bytes;
}

function requireVoucher(
  parts: VoucherCollectionParts,
  wish: VoucherWish,
  answer: SettlementAnswer,
): SignedVoucher {
  const { voucher: signed } = answer;
  if (signed === undefined) throw wrongVoucher(wish, 'none was given');
  const fault = shortfall(parts, wish, answer);
  if (fault !== undefined) throw wrongVoucher(wish, fault);
  return signed;
}

/** In what a voucher falls short of what is wanted. */
function shortfall(
  parts: VoucherCollectionParts,
  { own, throughEpoch, cumulativeWei }: VoucherWish,
  { voucher: signed }: SettlementAnswer,
): string | undefined {
  if (signed === undefined) return undefined;
  const { voucher } = signed;
  if (voucher.dealId !== own.deal.dealId || voucher.node !== parts.node)
    return 'it is for another deal or node';
  if (voucher.throughEpoch < throughEpoch) return 'it settles fewer epochs';
  const offered = dueWei(own.allocation, voucher.cumulative);
  const expected = dueWei(own.allocation, cumulativeWei);
  // Redeeming it would close the epochs, and the missing bytes could never be claimed on chain.
  if (offered >= expected) return undefined;
  return `it pays ${offered.toString()} wei where ${expected.toString()} are due`;
}

function wrongVoucher(wish: VoucherWish, reason: string): NodeError {
  return new NodeError('VOUCHER_WRONG', {
    message: `The coordinator's voucher cannot be taken: ${reason}.`,
    remedy: 'Receipts are kept. If this goes on, the node claims them on chain by itself.',
    values: { dealId: wish.own.deal.dealId, throughEpoch: wish.throughEpoch, reason },
  });
}
