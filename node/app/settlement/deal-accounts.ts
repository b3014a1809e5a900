import type { Address, DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import { parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { MAX_UINT32 } from '../../../sdk/protocol/limits.ts';
import { epochStartsAt } from '../../../sdk/protocol/epoch.ts';
import type { CachedDealDirectory, OwnDeal } from '../../adapters/chain/cached-deal-directory.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import type { DealAccount, EpochMeter } from '../../core/settlement/settlement-question.ts';
import type { SettlementStore } from './settlement-store.ts';

/** Where the figures of an account come from. */
export interface AccountSources {
  readonly journal: Pick<ReceiptJournal, 'totals' | 'receipts'>;
  readonly directory: Pick<CachedDealDirectory, 'own'>;
  readonly store: SettlementStore;
  readonly node: Address;
}

/** What is not in the sources. */
export interface AccountOptions {
  readonly epochSeconds: number;
  /** Whether the coordinator is to be asked for receipts of viewers. */
  readonly mayKnowMore: (dealId: DealId) => boolean;
  /** Last epoch that the coordinator has answered for. @default unknown */
  readonly handedInThrough?: (dealId: DealId) => Epoch | undefined;
}

/** Collects what the settlement plan must know of every deal of this node. */
export function dealAccounts(sources: AccountSources, options: AccountOptions): DealAccount[] {
  return sources.directory.own().map((own) => accountOf(own, sources, options));
}

function accountOf(own: OwnDeal, sources: AccountSources, options: AccountOptions): DealAccount {
  const { deal, allocation } = own;
  const { dealId } = deal;
  const failingSince = sources.store.failingSince(dealId);
  const { thawEndEpoch } = allocation;
  return {
    dealId,
    ratePerGiB: allocation.ratePerGiB,
    balanceWei: allocation.state === 'released' ? 0n : allocation.balanceWei,
    paidWei: allocation.paidWei,
    throughEpoch: allocation.throughEpoch,
    epochs: epochMeters(own, sources, failingSince !== undefined),
    coordinatorFailingSince: failingSince,
    coordinatorMayKnowMore: options.mayKnowMore(dealId),
    handedInThrough: options.handedInThrough?.(dealId),
    openClaim: sources.store.openClaim(dealId),
    voidedBytes: voidedBytes(dealId, sources.store),
    thawEndsAtSeconds:
      thawEndEpoch === undefined ? undefined : epochStartsAt(thawEndEpoch, options.epochSeconds),
  };
}

/** Bytes of void claims: their epochs are settled, and no voucher counts them any more. */
function voidedBytes(dealId: DealId, store: Pick<SettlementStore, 'claims'>): bigint {
  return store
    .claims()
    .filter((claim) => claim.dealId === dealId && claim.state === 'void')
    .reduce((sum, claim) => sum + claim.totalBytes, 0n);
}

/** Receipted bytes by epoch. Receipts are counted only when a claim is near: it costs a walk over them. */
function epochMeters(own: OwnDeal, sources: AccountSources, countReceipts: boolean): EpochMeter[] {
  const { dealId } = own.deal;
  const totals = sources.journal.totals(dealId);
  if (totals === undefined) return [];
  const counts = countReceipts ? receiptCounts(own, sources) : new Map<Epoch, number>();
  const meters: EpochMeter[] = [];
  for (const [epoch, bytes] of totals.receiptedByEpoch) {
    if (bytes > 0n) meters.push({ epoch, bytes, receipts: counts.get(epoch) ?? 0 });
  }
  if (totals.paidBytes > 0n) {
    meters.push({ epoch: totals.paidThrough ?? parseEpoch(0), bytes: totals.paidBytes, receipts: 0 });
  }
  return meters;
}

/** Only of epochs that are not settled on chain: those that are can no longer be claimed. */
function receiptCounts({ deal, allocation }: OwnDeal, { journal }: AccountSources): Map<Epoch, number> {
  const counts = new Map<Epoch, number>();
  const fromEpoch = parseEpoch(allocation.throughEpoch + 1);
  const throughEpoch = parseEpoch(MAX_UINT32);
  for (const { signedGrant } of journal.receipts({ dealId: deal.dealId, fromEpoch, throughEpoch })) {
    const { epoch } = signedGrant.grant;
    counts.set(epoch, (counts.get(epoch) ?? 0) + 1);
  }
  return counts;
}
