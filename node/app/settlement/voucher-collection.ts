import type { Domain } from '../../../sdk/protocol/eip712.ts';
import type { Address, Epoch, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import type { SignedVoucher } from '../../../sdk/protocol/voucher.ts';
import type { OwnDeal } from '../../adapters/chain/cached-deal-directory.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import { dueWei } from '../../core/settlement/settlement-plan.ts';
import { NodeError } from '../node-error.ts';
import type { NodeLog } from '../node-log.ts';
import type { CoordinatorClient, SettlementAnswer } from './coordinator-client.ts';
import { requireImportable } from './receipt-import.ts';

/** Receipts in one request to the coordinator. */
const RECEIPTS_PER_PAGE = 256;

/** What collecting a voucher needs. */
export interface VoucherCollectionParts {
  readonly coordinator: CoordinatorClient;
  readonly journal: Pick<ReceiptJournal, 'receipts' | 'appendPair'>;
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
}

/**
 * Hands all receipts of the ended epochs to the coordinator, page by page, keeps the better ones that it returns, and
 * gives its voucher.
 *
 * @throws NodeError COORDINATOR_UNREACHABLE, COORDINATOR_REFUSED, COORDINATOR_MALFORMED, VOUCHER_WRONG
 */
export async function collectVoucher(
  parts: VoucherCollectionParts,
  wish: VoucherWish,
  signal: AbortSignal,
): Promise<SignedVoucher> {
  const { dealId } = wish.own.deal;
  const query = { dealId, throughEpoch: wish.throughEpoch, limit: RECEIPTS_PER_PAGE };
  let after: GrantHash | undefined;
  for (;;) {
    const receipts = parts.journal.receipts({
      ...query,
      ...(after === undefined ? {} : { afterGrantHash: after }),
    });
    const final = receipts.length < RECEIPTS_PER_PAGE;
    const answer = await parts.coordinator.settle(
      { dealId, node: parts.node, throughEpoch: wish.throughEpoch, receipts, final },
      signal,
    );
    for (const { grantHash, code } of answer.refused) {
      parts.log.warn({ dealId, grantHash, code }, 'The coordinator refused a receipt');
    }
    await keepBetter(parts, wish, answer);
    if (final) return requireVoucher(parts, wish, answer);
    after = receipts.at(-1)?.signedReceipt.receipt.grantHash;
  }
}

async function keepBetter(
  parts: VoucherCollectionParts,
  wish: VoucherWish,
  { better }: SettlementAnswer,
): Promise<void> {
  const rules = { ...parts, deal: wish.own.deal, throughEpoch: wish.throughEpoch };
  const kept: Promise<void>[] = [];
  for (const pair of better) {
    try {
      requireImportable(pair, rules);
      kept.push(parts.journal.appendPair(pair));
    } catch (error) {
      parts.log.warn({ error }, 'A receipt from the coordinator is not usable and was ignored');
    }
  }
  await Promise.all(kept);
}

function requireVoucher(
  parts: VoucherCollectionParts,
  wish: VoucherWish,
  { voucher: signed }: SettlementAnswer,
): SignedVoucher {
  if (signed === undefined) throw wrongVoucher(wish, 'none was given');
  const { voucher } = signed;
  if (voucher.dealId !== wish.own.deal.dealId || voucher.node !== parts.node) {
    throw wrongVoucher(wish, 'it is for another deal or node');
  }
  if (voucher.throughEpoch < wish.throughEpoch) throw wrongVoucher(wish, 'it settles fewer epochs');
  const offered = dueWei(wish.own.allocation, voucher.cumulative);
  const expected = dueWei(wish.own.allocation, wish.cumulativeWei);
  // Redeeming it would close the epochs, and the missing bytes could never be claimed on chain.
  if (offered < expected) {
    throw wrongVoucher(wish, `it pays ${offered.toString()} wei where ${expected.toString()} are due`);
  }
  return signed;
}

function wrongVoucher(wish: VoucherWish, reason: string): NodeError {
  return new NodeError('VOUCHER_WRONG', {
    message: `The coordinator's voucher cannot be taken: ${reason}.`,
    remedy: 'Receipts are kept. If this goes on, the node claims them on chain by itself.',
    values: { dealId: wish.own.deal.dealId, throughEpoch: wish.throughEpoch, reason },
  });
}
