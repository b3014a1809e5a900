import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
  type GrantHash,
} from '../../../../sdk/protocol/identifiers.ts';
import type { Grant } from '../../../../sdk/protocol/grant.ts';
import type { AllocationView, DealView } from '../../../../node/core/delivery/deal-directory.ts';
import type { DeliveryError, Outcome } from '../../../../node/core/delivery/delivery-error.ts';
import { DeliveryLedger, type LedgerOptions } from '../../../../node/core/delivery/delivery-ledger.ts';

export const NODE = parseAddress(`0x${'01'.repeat(20)}`);
export const VIEWER = parseAddress(`0x${'02'.repeat(20)}`);
export const GRANT_KEY = parseAddress(`0x${'03'.repeat(20)}`);
export const OLD_KEY = parseAddress(`0x${'04'.repeat(20)}`);
export const DEAL_ID = parseDealId(`0x${'05'.repeat(32)}`);
export const ROOT = parseContentRoot(`0x${'06'.repeat(32)}`);
export const EPOCH_SECONDS = 100;
export const EPOCH = parseEpoch(50);
/** In the middle of the epoch. */
export const NOW = EPOCH * EPOCH_SECONDS + 50;

export const deal: DealView = {
  dealId: DEAL_ID,
  publisher: parseAddress(`0x${'07'.repeat(20)}`),
  contentRoot: ROOT,
  contentCodec: 0x70,
  state: 'open',
  grantKey: GRANT_KEY,
  previousGrantKey: { address: OLD_KEY, lastEpoch: parseEpoch(EPOCH - 1) },
};

/** A byte costs a wei. */
export const allocation: AllocationView = {
  state: 'active',
  balanceWei: 1n << 60n,
  ratePerGiB: 1n << 30n,
  throughEpoch: parseEpoch(EPOCH - 1),
};

export function hashOf(number: number): GrantHash {
  return parseGrantHash(`0x${number.toString(16).padStart(64, '0')}`);
}

export function grantOf(changes: Partial<Grant> = {}): Grant {
  return {
    dealId: DEAL_ID,
    node: NODE,
    viewerKey: VIEWER,
    epoch: EPOCH,
    capBytes: 1n << 40n,
    contentRoot: ROOT,
    ...changes,
  };
}

export function newLedger(options: Partial<LedgerOptions> = {}): DeliveryLedger {
  return new DeliveryLedger({ node: NODE, epochSeconds: EPOCH_SECONDS, claimWindowEpochs: 1, ...options });
}

export interface OpenChanges {
  readonly grant?: Partial<Grant>;
  readonly number?: number;
  readonly signer?: typeof GRANT_KEY;
  readonly deal?: DealView | undefined;
  readonly allocation?: AllocationView | undefined;
  readonly nowSeconds?: number;
}

export function open(ledger: DeliveryLedger, changes: OpenChanges = {}): ReturnType<DeliveryLedger['open']> {
  return ledger.open({
    grantHash: hashOf(changes.number ?? 1),
    grant: grantOf(changes.grant),
    signer: changes.signer ?? GRANT_KEY,
    deal: 'deal' in changes ? changes.deal : deal,
    allocation: 'allocation' in changes ? changes.allocation : allocation,
    nowSeconds: changes.nowSeconds ?? NOW,
  });
}

export function reserve(
  ledger: DeliveryLedger,
  bytes: number,
  changes: { number?: number; allocation?: AllocationView; nowSeconds?: number } = {},
): ReturnType<DeliveryLedger['reserve']> {
  return ledger.reserve({
    grantHash: hashOf(changes.number ?? 1),
    bytes,
    allocation: changes.allocation ?? allocation,
    nowSeconds: changes.nowSeconds ?? NOW,
  });
}

export function receipt(
  ledger: DeliveryLedger,
  bytes: number | bigint,
  changes: { number?: number; signer?: typeof VIEWER } = {},
): ReturnType<DeliveryLedger['applyReceipt']> {
  return ledger.applyReceipt({
    grantHash: hashOf(changes.number ?? 1),
    bytesCumulative: BigInt(bytes),
    signer: changes.signer ?? VIEWER,
  });
}

/** The value of an outcome that must be good. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

/** The refusal of an outcome that must not be good. */
export function errorOf(outcome: Outcome<unknown>): DeliveryError {
  if (outcome.ok) throw new RangeError('expected a refusal');
  return outcome.error;
}

/** Serves and receipts bytes in one go. */
export function serve(ledger: DeliveryLedger, bytes: number, number = 1): void {
  valueOf(reserve(ledger, bytes, { number })).commit();
}
