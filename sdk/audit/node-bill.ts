import type { Address } from '../protocol/identifiers.ts';
import { priceWei } from '../protocol/price.ts';
import type { SignedVoucher } from '../protocol/voucher.ts';
import type { ClaimedSpan, NodeHistory, Payment } from './node-history.ts';

/** What of a bill differs from the receipts. Codes are listed once and never reused; SPEC.md says what each means. */
export type DifferenceCode =
  | 'VOUCHER_ABOVE_RECEIPTS'
  | 'VOUCHER_SIGNATURE_UNKNOWN'
  | 'PAYMENT_ABOVE_RECEIPTS'
  | 'PAYMENT_NOT_BY_RULE'
  | 'CLAIM_LOCK_NOT_BY_RULE'
  | 'CLAIM_ABOVE_RECEIPTS'
  | 'VOID_EPOCHS_PAID';

/** One way in which a bill differs. Only some make it wrong. */
export interface Difference {
  readonly code: DifferenceCode;
  /** Whether the publisher pays, or would pay, something that nothing justifies. */
  readonly isWrong: boolean;
  readonly message: string;
  readonly values: Readonly<Record<string, string | number | bigint>>;
}

/** A payment beside what the receipts say. */
export interface AuditedPayment extends Payment {
  /** What the receipts and claims of the epochs up to `throughEpoch` justify since the deal began. */
  readonly justifiedWei: bigint;
  /** What had been paid by then, this payment included. */
  readonly paidSoFarWei: bigint;
}

/** The bill of one node, recomputed. All amounts are wei since the deal began, protocol fee included. */
export interface NodeBill {
  readonly node: Address;
  readonly ratePerGiB: bigint;
  readonly receipts: number;
  /** Bytes of the receipts that count. */
  readonly receiptBytes: bigint;
  /** Bytes that count for the bill: of receipts, and of claims in their epochs. */
  readonly billedBytes: bigint;
  /** The bill is about the epochs up to this one; −1 while there is none. */
  readonly throughEpoch: number;
  /** What `billedBytes` cost, at most what was allocated. */
  readonly recomputedWei: bigint;
  /** The larger of what was paid and the voucher, of which no more than was allocated can be paid. */
  readonly billedWei: bigint;
  /** recomputed − billed: above zero, not yet billed; below zero, billed above the receipts (see `differences`). */
  readonly notYetBilledWei: bigint;
  readonly paidWei: bigint;
  readonly feeWei: bigint;
  readonly voucher: { readonly throughEpoch: number; readonly cumulativeWei: bigint } | undefined;
  /** Of epochs after `throughEpoch`: they will be on a later bill. */
  readonly laterBytes: bigint;
  readonly openClaim:
    { readonly toEpoch: number; readonly totalBytes: bigint; readonly lockedWei: bigint } | undefined;
  readonly payments: readonly AuditedPayment[];
  readonly differences: readonly Difference[];
}

/** Receipts that count of one node, summed by epoch. */
export interface NodeReceipts {
  readonly count: number;
  readonly bytesByEpoch: ReadonlyMap<number, bigint>;
}

interface SignedAmount {
  readonly signed: SignedVoucher;
  /** Whether a collector of the deal that was good for its epoch signed it. */
  readonly isByCollector: boolean;
}

/** Recomputes the bill of one node and holds it against its voucher and its payments (SPEC.md, bill). */
export function billOf(
  history: NodeHistory,
  held: NodeReceipts,
  voucher: SignedAmount | undefined,
): NodeBill {
  const terms = voucher?.signed.voucher;
  const throughEpoch = Math.max(history.throughEpoch, terms?.throughEpoch ?? -1);
  const spans = history.claimedSpans;
  const billedBytes = justifiedBytes(held, spans, throughEpoch);
  const price = priceWei(billedBytes, history.ratePerGiB);
  const recomputedWei = smaller(price, history.payableWei);
  const billedWei = larger(smaller(terms?.cumulative ?? 0n, history.payableWei), history.paidWei);
  const payments = auditedPayments(history, held);
  const { openClaim } = history;
  return {
    ...{ node: history.node, ratePerGiB: history.ratePerGiB, receipts: held.count },
    receiptBytes: sumOf(held, () => true),
    ...{ billedBytes, throughEpoch, recomputedWei, billedWei },
    notYetBilledWei: recomputedWei - billedWei,
    paidWei: history.paidWei,
    feeWei: history.payments.reduce((sum, { feeWei }) => sum + feeWei, 0n),
    voucher: terms && { throughEpoch: terms.throughEpoch, cumulativeWei: terms.cumulative },
    laterBytes: sumOf(held, (epoch) => epoch > throughEpoch),
    openClaim,
    payments,
    differences: [
      ...payments.flatMap((payment) => paymentDifferences(payment, history, held)),
      ...spans.flatMap((span) => claimDifferences(span, held)),
      ...(openClaim === undefined || openClaim.lockedWei === openClaim.byRuleWei
        ? []
        : [lockDifference(openClaim.lockedWei, openClaim.byRuleWei)]),
      ...voucherDifferences(voucher, history, held),
    ],
  };
}

/**
 * Bytes to be paid for the epochs up to one: receipts, but in epochs settled by a claim the bytes of the claim
 * (marketplace/coordinator/SPEC.md, settlement, 5).
 */
function justifiedBytes(held: NodeReceipts, spans: readonly ClaimedSpan[], throughEpoch: number): bigint {
  const settled = spans.filter(({ toEpoch }) => toEpoch <= throughEpoch);
  const ofReceipts = sumOf(held, (epoch) => epoch <= throughEpoch && !isIn(settled, epoch));
  return settled.reduce((sum, { bytes }) => sum + bytes, ofReceipts);
}

/** The same where a claim had fewer bytes than the receipts, or none: a voucher signed before it keeps its worth. */
function bytesWithoutClaims(held: NodeReceipts, spans: readonly ClaimedSpan[], throughEpoch: number): bigint {
  const settled = spans.filter(({ toEpoch }) => toEpoch <= throughEpoch);
  const outside = sumOf(held, (epoch) => epoch <= throughEpoch && !isIn(settled, epoch));
  return settled.reduce(
    (sum, span) =>
      sum +
      larger(
        span.bytes,
        sumOf(held, (epoch) => isIn([span], epoch)),
      ),
    outside,
  );
}

/** Whether an epoch was settled by a claim. */
export function isIn(spans: readonly Pick<ClaimedSpan, 'afterEpoch' | 'toEpoch'>[], epoch: number): boolean {
  return spans.some(({ afterEpoch, toEpoch }) => epoch > afterEpoch && epoch <= toEpoch);
}

function auditedPayments(history: NodeHistory, held: NodeReceipts): AuditedPayment[] {
  let paidSoFarWei = 0n;
  return history.payments.map((payment) => {
    paidSoFarWei += payment.paidWei;
    const bytes = justifiedBytes(held, history.claimedSpans, payment.throughEpoch);
    return { ...payment, paidSoFarWei, justifiedWei: priceWei(bytes, history.ratePerGiB) };
  });
}

function paymentDifferences(payment: AuditedPayment, history: NodeHistory, held: NodeReceipts): Difference[] {
  const { route, transactionHash, throughEpoch, paidWei, byRuleWei, paidSoFarWei, justifiedWei } = payment;
  const found: Difference[] = [];
  if (paidWei !== byRuleWei) {
    found.push({
      code: 'PAYMENT_NOT_BY_RULE',
      isWrong: true,
      message: `A ${route} paid ${paidWei} wei; by the contract's rule it pays ${byRuleWei}.`,
      values: { route, transactionHash, paidWei, byRuleWei },
    });
  }
  if (paidSoFarWei <= justifiedWei) return found;
  const values = { route, transactionHash, throughEpoch, paidSoFarWei, justifiedWei };
  const excessWei = paidSoFarWei - justifiedWei;
  const earlier = bytesWithoutClaims(held, history.claimedSpans, throughEpoch);
  if (paidSoFarWei <= priceWei(earlier, history.ratePerGiB))
    return [...found, voidEpochsPaid(excessWei, values)];
  return [
    ...found,
    {
      code: 'PAYMENT_ABOVE_RECEIPTS',
      isWrong: true,
      message: `By this ${route} ${excessWei} wei more were paid than the receipts up to epoch ${throughEpoch} justify.`,
      values: { ...values, excessWei },
    },
  ];
}

function voucherDifferences(
  voucher: SignedAmount | undefined,
  history: NodeHistory,
  held: NodeReceipts,
): Difference[] {
  if (voucher === undefined) return [];
  const { throughEpoch, cumulative } = voucher.signed.voucher;
  const found: Difference[] = [];
  if (!voucher.isByCollector) {
    found.push({
      code: 'VOUCHER_SIGNATURE_UNKNOWN',
      isWrong: false,
      message:
        'The voucher is not signed by a key of the deal; a collector that is a contract cannot be checked offline.',
      values: { throughEpoch, cumulativeWei: cumulative },
    });
  }
  const justifiedWei = priceWei(justifiedBytes(held, history.claimedSpans, throughEpoch), history.ratePerGiB);
  if (cumulative <= justifiedWei) return found;
  const values = { throughEpoch, cumulativeWei: cumulative, justifiedWei };
  const excessWei = cumulative - justifiedWei;
  const earlier = bytesWithoutClaims(held, history.claimedSpans, throughEpoch);
  if (cumulative <= priceWei(earlier, history.ratePerGiB))
    return [...found, voidEpochsPaid(excessWei, values)];
  return [
    ...found,
    {
      code: 'VOUCHER_ABOVE_RECEIPTS',
      isWrong: true,
      message: `The voucher is for ${excessWei} wei more than the receipts up to epoch ${throughEpoch} justify.`,
      values: { ...values, excessWei },
    },
  ];
}

/** A claim proves itself to the chain: receipts that the coordinator never got are no fault of the bill. */
function claimDifferences(span: ClaimedSpan, held: NodeReceipts): Difference[] {
  const heldBytes = sumOf(held, (epoch) => isIn([span], epoch));
  if (span.isVoid || span.bytes <= heldBytes) return [];
  const { route, transactionHash, afterEpoch, toEpoch, bytes } = span;
  const proof = route === 'direct-claim' ? 'verified every receipt of it' : 'verified samples of it';
  return [
    {
      code: 'CLAIM_ABOVE_RECEIPTS',
      isWrong: false,
      message: `A ${route} counts ${bytes} bytes, the receipts of its epochs in this file ${heldBytes}; the chain ${proof}.`,
      values: { route, transactionHash, afterEpoch, toEpoch, claimedBytes: bytes, heldBytes },
    },
  ];
}

function lockDifference(lockedWei: bigint, byRuleWei: bigint): Difference {
  return {
    code: 'CLAIM_LOCK_NOT_BY_RULE',
    isWrong: true,
    message: `The open claim locks ${lockedWei} wei; by the contract's rule it locks ${byRuleWei}.`,
    values: { lockedWei, byRuleWei },
  };
}

function voidEpochsPaid(
  excessWei: bigint,
  values: Readonly<Record<string, string | number | bigint>>,
): Difference {
  return {
    code: 'VOID_EPOCHS_PAID',
    isWrong: false,
    message: `A voucher signed before a claim pays ${excessWei} wei for receipts of epochs that the claim left out.`,
    values: { ...values, excessWei },
  };
}

function sumOf({ bytesByEpoch }: NodeReceipts, includes: (epoch: number) => boolean): bigint {
  let sum = 0n;
  for (const [epoch, bytes] of bytesByEpoch) if (includes(epoch)) sum += bytes;
  return sum;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
