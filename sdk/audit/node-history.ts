import type { Address, Epoch } from '../protocol/identifiers.ts';
import { priceWei } from '../protocol/price.ts';
import {
  bigintArgument,
  epochArgument,
  inconsistent,
  placeOf,
  type DealEvent,
  type EventPlace,
} from './deal-event.ts';

export type PaymentRoute = 'voucher' | 'direct-claim' | 'sampled-claim';

/** Money that left an allocation. */
export interface Payment extends EventPlace {
  readonly route: PaymentRoute;
  readonly throughEpoch: Epoch;
  /** Fee included. */
  readonly paidWei: bigint;
  readonly feeWei: bigint;
  /** What the contract must have paid, by its own rule, from the state before. */
  readonly byRuleWei: bigint;
  /** Of a voucher: the cumulative amount that its collector signed. */
  readonly cumulativeWei: bigint | undefined;
}

/**
 * Epochs above `afterEpoch` up to `toEpoch` that a claim has settled. Its bytes count in the place of receipts; those of
 * a void claim are none (marketplace/coordinator/SPEC.md, settlement).
 */
export interface ClaimedSpan extends EventPlace {
  readonly route: 'direct-claim' | 'sampled-claim';
  readonly isVoid: boolean;
  /** −1 if nothing was settled before. */
  readonly afterEpoch: number;
  readonly toEpoch: Epoch;
  readonly bytes: bigint;
}

/** A sampled claim that is not decided. */
export interface PendingClaim {
  readonly fromEpoch: Epoch;
  readonly toEpoch: Epoch;
  readonly totalBytes: bigint;
  readonly lockedWei: bigint;
  /** What the contract must have locked, by its own rule. */
  readonly byRuleWei: bigint;
}

const KNOWN: ReadonlySet<string> = new Set([
  'Allocated',
  'Released',
  'VoucherRedeemed',
  'DirectClaimed',
  'ClaimCommitted',
  'ClaimPaid',
  'ClaimVoided',
  'ClaimSuperseded',
]);

/** One allocation of a deal, replayed from its events by the rules of the contract. */
export class NodeHistory {
  readonly node: Address;
  readonly ratePerGiB: bigint;
  #allocatedWei = 0n;
  #releasedWei = 0n;
  #paidWei = 0n;
  #lockedWei = 0n;
  #throughEpoch = -1;
  #claim: PendingClaim | undefined;
  readonly #payments: Payment[] = [];
  readonly #spans: ClaimedSpan[] = [];

  constructor(node: Address, ratePerGiB: bigint) {
    this.node = node;
    this.ratePerGiB = ratePerGiB;
  }

  /** Whether an event of this name changes an allocation. */
  static knows(name: string): boolean {
    return KNOWN.has(name);
  }

  get allocatedWei(): bigint {
    return this.#allocatedWei;
  }

  get paidWei(): bigint {
    return this.#paidWei;
  }

  /** Epochs up to this one are settled on chain; −1 if none is. */
  get throughEpoch(): number {
    return this.#throughEpoch;
  }

  get payments(): readonly Payment[] {
    return this.#payments;
  }

  /** In the order of their epochs. */
  get claimedSpans(): readonly ClaimedSpan[] {
    return this.#spans;
  }

  get openClaim(): PendingClaim | undefined {
    return this.#claim;
  }

  /** What the node has been paid and can still be paid: no bill exceeds it. */
  get payableWei(): bigint {
    return this.#allocatedWei - this.#releasedWei;
  }

  /** @throws AuditError AUDIT_EVENTS_INCONSISTENT */
  apply(event: DealEvent): void {
    switch (event.name) {
      case 'Allocated':
        if (bigintArgument(event, 'ratePerGiB') !== this.ratePerGiB)
          throw inconsistent(event, 'the rate changed');
        this.#allocatedWei += bigintArgument(event, 'amountWei');
        break;
      case 'Released':
        this.#releasedWei += bigintArgument(event, 'amountWei');
        break;
      case 'VoucherRedeemed':
        this.#redeem(event);
        break;
      case 'DirectClaimed':
        this.#claimDirect(event);
        break;
      case 'ClaimCommitted':
        this.#commit(event);
        break;
      default:
        this.#decide(event);
    }
    if (this.#balanceWei < 0n) throw inconsistent(event, 'more was taken than allocated');
  }

  get #balanceWei(): bigint {
    return this.#allocatedWei - this.#releasedWei - this.#paidWei - this.#lockedWei;
  }

  #redeem(event: DealEvent): void {
    const cumulativeWei = bigintArgument(event, 'cumulative');
    const byRuleWei = smaller(cumulativeWei - this.#paidWei, this.#balanceWei);
    this.#pay(event, {
      route: 'voucher',
      throughEpoch: epochArgument(event, 'throughEpoch'),
      byRuleWei,
      cumulativeWei,
    });
  }

  #claimDirect(event: DealEvent): void {
    const bytes = bigintArgument(event, 'bytesTotal');
    const toEpoch = epochArgument(event, 'toEpoch');
    const byRuleWei = smaller(priceWei(bytes, this.ratePerGiB), this.#balanceWei);
    this.#settleSpan(event, {
      route: 'direct-claim',
      isVoid: false,
      afterEpoch: this.#throughEpoch,
      toEpoch,
      bytes,
    });
    this.#pay(event, { route: 'direct-claim', throughEpoch: toEpoch, byRuleWei, cumulativeWei: undefined });
  }

  #commit(event: DealEvent): void {
    if (this.#claim !== undefined) throw inconsistent(event, 'another claim is open');
    const totalBytes = bigintArgument(event, 'totalBytes');
    this.#claim = {
      totalBytes,
      fromEpoch: epochArgument(event, 'fromEpoch'),
      toEpoch: epochArgument(event, 'toEpoch'),
      lockedWei: bigintArgument(event, 'lockedWei'),
      byRuleWei: smaller(priceWei(totalBytes, this.ratePerGiB), this.#balanceWei),
    };
    this.#lockedWei = this.#claim.lockedWei;
  }

  /** ClaimPaid, ClaimVoided or ClaimSuperseded. */
  #decide(event: DealEvent): void {
    const claim = this.#claim;
    const toEpoch = epochArgument(event, 'toEpoch');
    if (claim?.toEpoch !== toEpoch) throw inconsistent(event, 'no such claim is open');
    this.#claim = undefined;
    this.#lockedWei = 0n;
    if (event.name === 'ClaimSuperseded') return;
    const isVoid = event.name === 'ClaimVoided';
    this.#settleSpan(event, {
      ...{ route: 'sampled-claim', isVoid, afterEpoch: claim.fromEpoch, toEpoch },
      bytes: isVoid ? 0n : claim.totalBytes,
    });
    if (isVoid) this.#throughEpoch = Math.max(this.#throughEpoch, toEpoch);
    else {
      const route = 'sampled-claim';
      this.#pay(event, {
        route,
        throughEpoch: toEpoch,
        byRuleWei: claim.byRuleWei,
        cumulativeWei: undefined,
      });
    }
  }

  #settleSpan(event: DealEvent, span: Omit<ClaimedSpan, keyof EventPlace>): void {
    this.#spans.push({ ...span, ...placeOf(event) });
  }

  #pay(
    event: DealEvent,
    payment: Pick<Payment, 'route' | 'throughEpoch' | 'byRuleWei' | 'cumulativeWei'>,
  ): void {
    const paidWei = bigintArgument(event, 'paidWei');
    this.#payments.push({ ...payment, paidWei, feeWei: bigintArgument(event, 'feeWei'), ...placeOf(event) });
    this.#paidWei += paidWei;
    this.#throughEpoch = Math.max(this.#throughEpoch, payment.throughEpoch);
  }
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
