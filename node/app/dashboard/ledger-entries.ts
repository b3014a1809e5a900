import { z } from 'zod';
import { epochAt, epochStartsAt } from '../../../sdk/protocol/epoch.ts';
import { parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { Foundation } from '../foundation.ts';
import type { DealNote } from '../settlement/settlement-notes.ts';

/** Entries of each kind that one answer names, the newest ones. */
export const MAX_ENTRIES = 200;
const DAY_SECONDS = 86_400;
const LAST_EPOCH = parseEpoch(0xffff_ffff);

/** Body of `/entries`: all of these must hold. */
export const entriesQuestion = z.object({
  dealId: z.string().length(66).optional(),
  publisher: z.string().length(42).optional(),
  contentRoot: z.string().length(66).optional(),
  /** UTC. */
  day: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .refine((day) => !Number.isNaN(Date.parse(day)))
    .optional(),
});
export type EntriesQuestion = z.output<typeof entriesQuestion>;

/** Answer to `/entries`: what earnings are made of. */
export interface EntriesDocument {
  readonly payments: readonly {
    readonly transaction: string;
    readonly dealId: string;
    readonly route: string;
    readonly throughEpoch: number;
    readonly paidWei: string;
    readonly feeWei: string;
    readonly at: string;
    readonly block: number | null;
  }[];
  readonly paymentsInAll: number;
  /** Receipts that the journal still has: paid ones leave it. */
  readonly receipts: readonly {
    readonly grantHash: string;
    readonly dealId: string;
    readonly viewerKey: string;
    readonly epoch: number;
    /** When the epoch began. */
    readonly at: string;
    readonly bytes: string;
  }[];
  readonly receiptsInAll: number;
}

/** Payments and receipts behind a row of the earnings, the newest first. */
export function ledgerEntries(
  { store, journal }: Pick<Foundation, 'store' | 'journal'>,
  question: EntriesQuestion,
): EntriesDocument {
  const deals = store.deals().filter((deal) => isAsked(deal, question));
  const epochSeconds = store.terms()?.epochSeconds ?? 1;
  const [from, until] = spanOf(question);
  const payments = paymentsOf(store, new Set(deals.map(({ dealId }) => dealId))).filter(
    ({ atSeconds }) => atSeconds >= from && atSeconds < until,
  );
  const epochs = epochsOf(question, epochSeconds);
  const receipts = deals
    .flatMap(({ dealId }) => journal.receipts({ dealId, ...epochs }))
    .sort((a, b) => b.signedGrant.grant.epoch - a.signedGrant.grant.epoch);
  return {
    payments: payments
      .slice(-MAX_ENTRIES)
      .reverse()
      .map(({ transaction, dealId, route, throughEpoch, paidWei, feeWei, atSeconds, block }) => ({
        ...{ transaction, dealId, route, throughEpoch, block: block ?? null, at: iso(atSeconds) },
        ...{ paidWei: paidWei.toString(), feeWei: feeWei.toString() },
      })),
    paymentsInAll: payments.length,
    receipts: receipts
      .slice(0, MAX_ENTRIES)
      .map(({ signedGrant: { grant }, signedReceipt: { receipt } }) => ({
        ...{
          grantHash: receipt.grantHash,
          dealId: grant.dealId,
          viewerKey: grant.viewerKey,
          epoch: grant.epoch,
        },
        at: iso(epochStartsAt(grant.epoch, epochSeconds)),
        bytes: receipt.bytesCumulative.toString(),
      })),
    receiptsInAll: receipts.length,
  };
}

function isAsked(deal: DealNote, { dealId, publisher, contentRoot }: EntriesQuestion): boolean {
  return (
    (dealId === undefined || deal.dealId === dealId) &&
    (publisher === undefined || deal.publisher === publisher) &&
    (contentRoot === undefined || deal.contentRoot === contentRoot)
  );
}

function paymentsOf(
  store: Foundation['store'],
  deals: ReadonlySet<DealId>,
): ReturnType<typeof store.payments> {
  return store.payments().filter(({ dealId }) => deals.has(dealId));
}

/** Unix seconds from which, and before which. */
function spanOf({ day }: EntriesQuestion): readonly [number, number] {
  if (day === undefined) return [0, Infinity];
  const from = Date.parse(day) / 1_000;
  return [from, from + DAY_SECONDS];
}

/** Epochs that began on the day, as the earnings of a day count them. */
function epochsOf(
  question: EntriesQuestion,
  epochSeconds: number,
): { readonly fromEpoch: Epoch; readonly throughEpoch: Epoch } {
  const [from, until] = spanOf(question);
  if (until === Infinity) return { fromEpoch: parseEpoch(0), throughEpoch: LAST_EPOCH };
  return {
    fromEpoch: parseEpoch(Math.ceil(from / epochSeconds)),
    throughEpoch: epochAt(until - 1, epochSeconds),
  };
}

function iso(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
