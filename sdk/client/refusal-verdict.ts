import type { Refusal } from './json-call.ts';

/** What a source's refusal means for the fetch. */
export type RefusalVerdict =
  /** The source does not have the block. */
  | 'block-missing'
  /** The receipts in hand will do: ask again with the newest one. */
  | 'send-receipt'
  /** This grant is of no use any more; a fresh one is. */
  | 'replace-grant'
  /** It passes: ask again after a pause. */
  | 'pause'
  /** The source will not serve this fetch. */
  | 'drop';

const VERDICTS: ReadonlyMap<string, RefusalVerdict> = new Map([
  ['CREDIT_EXHAUSTED', 'send-receipt'],
  ['GRANT_NOT_YET_VALID', 'pause'],
  ['GRANT_EXPIRED', 'replace-grant'],
  ['GRANT_OVER_CAP', 'replace-grant'],
  ['GRANT_ABORTS_EXHAUSTED', 'replace-grant'],
  ['EPOCH_CLOSED', 'replace-grant'],
  // The node lost or closed its books of this grant: the coordinator takes the receipt instead.
  ['RECEIPT_BEYOND_SERVED', 'replace-grant'],
  ['RECEIPT_BACKWARDS', 'replace-grant'],
  ['RECEIPT_EPOCH_CLOSED', 'replace-grant'],
  ['RECEIPT_UNKNOWN_GRANT', 'replace-grant'],
  // The deal may be too new for this node's view of the chain.
  ['GRANT_UNKNOWN_DEAL', 'pause'],
  ['ALLOCATION_MISSING', 'pause'],
  ['DEAL_AT_RISK_LIMIT', 'pause'],
  ['LEDGER_FULL', 'pause'],
  // Neither passes while a fetch lasts.
  ['NODE_DRAINING', 'drop'],
  ['MONTHLY_CAP_REACHED', 'drop'],
]);

/** Reads a refusal by its code, and one of unknown code by its status. */
export function verdictOf(refusal: Refusal): RefusalVerdict {
  const verdict = VERDICTS.get(refusal.code);
  if (verdict !== undefined) return verdict;
  if (refusal.status === 404) return 'block-missing';
  return refusal.status === 429 || refusal.status >= 500 ? 'pause' : 'drop';
}
