import fc from 'fast-check';
import type { AllocationFigures, DealPayment, DealRecord } from '../../../../node/app/earnings/deal-money.ts';
import type { PaymentRoute } from '../../../../node/app/settlement/settlement-notes.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  type Epoch,
} from '../../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';

/** One thing that happens to a deal. */
export type MoneyEvent =
  | { readonly kind: 'earn'; readonly bytes: bigint; readonly late: number }
  | {
      readonly kind: 'epoch' | 'collect' | 'redeem' | 'direct-claim' | 'commit' | 'open' | 'void' | 'release';
    }
  | { readonly kind: 'top-up'; readonly wei: bigint };

const simple = fc.constantFrom(
  'epoch',
  'epoch',
  'collect',
  'redeem',
  'direct-claim',
  'commit',
  'open',
  'void',
);

/** Any sequence of what receipts, coordinator, chain and publisher can do. */
export const anyHistory: fc.Arbitrary<readonly MoneyEvent[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('earn' as const),
        bytes: fc.bigInt({ min: 1n, max: 1n << 33n }),
        late: fc.nat({ max: 2 }),
      }),
    },
    { weight: 8, arbitrary: simple.map((kind) => ({ kind })) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('top-up' as const),
        wei: fc.bigInt({ min: 0n, max: 10n ** 10n }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'release' as const }) },
  ),
  { maxLength: 40 },
);

const FEE_BPS = 100n;
const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;

/** A deal, its allocation and its coordinator, as far as money goes: the rules of the contracts in a few lines. */
export class DealModel {
  readonly #rate: bigint;
  readonly #number: number;
  readonly #bytes = new Map<Epoch, bigint>();
  readonly #payments: DealPayment[] = [];
  readonly #claims: {
    fromEpoch: Epoch;
    toEpoch: Epoch;
    lockedWei: bigint;
    state: 'committed' | 'paid' | 'void';
  }[] = [];
  #voucher: { cumulative: bigint; throughEpoch: Epoch } | undefined;
  #state: AllocationFigures['state'] = 'active';
  #epoch = 3;
  #throughEpoch = 0;
  balanceWei = 10n ** 9n;
  paidWei = 0n;

  constructor(number: number, ratePerGiB: bigint) {
    this.#number = number;
    this.#rate = ratePerGiB;
  }

  get ripeEpoch(): Epoch {
    return parseEpoch(this.#epoch - 1);
  }

  get lockedWei(): bigint {
    return this.#openClaim?.lockedWei ?? 0n;
  }

  get released(): boolean {
    return this.#state === 'released';
  }

  /** What redeeming the kept voucher would pay now; 0 while a claim is open. */
  get redeemableWei(): bigint {
    const voucher = this.#voucher;
    if (voucher === undefined || this.released || this.#openClaim !== undefined) return 0n;
    if (voucher.throughEpoch < this.#throughEpoch || voucher.cumulative <= this.paidWei) return 0n;
    return least(voucher.cumulative - this.paidWei, this.balanceWei);
  }

  apply(event: MoneyEvent): void {
    if (event.kind === 'earn') this.#earn(event.bytes, this.#epoch - event.late);
    else if (event.kind === 'top-up') this.balanceWei += this.released ? 0n : event.wei;
    else if (event.kind === 'epoch') this.#epoch += 1;
    else if (event.kind === 'collect') this.#collect();
    else if (event.kind === 'release') this.#release();
    else if (event.kind === 'redeem') this.#redeem();
    else if (event.kind === 'direct-claim') this.#claimDirect();
    else if (event.kind === 'commit') this.#commit();
    else this.#decide(event.kind === 'open');
  }

  /** What the node knows; `unread` payments are on chain but not noted yet. */
  record(unread: number): DealRecord {
    return {
      dealId: parseDealId(word(this.#number)),
      publisher: parseAddress(`0x${'22'.repeat(20)}`),
      contentRoot: parseContentRoot(word(9)),
      ratePerGiB: this.#rate,
      bytesByEpoch: new Map(this.#bytes),
      voucher: this.#voucher,
      payments: this.#payments.slice(0, Math.max(0, this.#payments.length - unread)),
      claims: this.#claims.map((claim) => ({ ...claim })),
      allocation: {
        state: this.#state,
        balanceWei: this.balanceWei,
        paidWei: this.paidWei,
        throughEpoch: parseEpoch(this.#openClaim?.toEpoch ?? this.#throughEpoch),
      },
    };
  }

  get #openClaim() {
    return this.#claims.find(({ state }) => state === 'committed');
  }

  #earn(bytes: bigint, epoch: number): void {
    const at = parseEpoch(Math.max(1, epoch));
    this.#bytes.set(at, (this.#bytes.get(at) ?? 0n) + bytes);
  }

  #worth(afterEpoch: number, toEpoch: number): bigint {
    let bytes = 0n;
    for (const [epoch, each] of this.#bytes) if (epoch > afterEpoch && epoch <= toEpoch) bytes += each;
    return priceWei(bytes, this.#rate);
  }

  #collect(): void {
    const coveredWei = this.paidWei + this.balanceWei + this.lockedWei;
    const cumulative = least(this.#worth(-1, this.ripeEpoch), coveredWei);
    const before = this.#voucher;
    if (before !== undefined && before.cumulative > cumulative) return;
    this.#voucher = {
      cumulative,
      throughEpoch: parseEpoch(Math.max(this.ripeEpoch, this.#throughEpoch, before?.throughEpoch ?? 0)),
    };
  }

  #redeem(): void {
    const wei = this.redeemableWei;
    if (wei === 0n || this.#voucher === undefined) return;
    this.#pay('voucher', wei, this.#voucher.throughEpoch);
    this.balanceWei -= wei;
  }

  #claimDirect(): void {
    if (this.released || this.#openClaim !== undefined || this.ripeEpoch <= this.#throughEpoch) return;
    const wei = least(this.#worth(this.#throughEpoch, this.ripeEpoch), this.balanceWei);
    this.#pay('direct-claim', wei, this.ripeEpoch);
    this.balanceWei -= wei;
  }

  #commit(): void {
    if (this.released || this.#openClaim !== undefined || this.ripeEpoch <= this.#throughEpoch) return;
    const lockedWei = least(this.#worth(this.#throughEpoch, this.ripeEpoch), this.balanceWei);
    if (lockedWei === 0n) return;
    const fromEpoch = parseEpoch(this.#throughEpoch);
    this.#claims.push({ fromEpoch, toEpoch: this.ripeEpoch, lockedWei, state: 'committed' });
    this.balanceWei -= lockedWei;
  }

  #decide(opened: boolean): void {
    const claim = this.#openClaim;
    if (claim === undefined) return;
    claim.state = opened ? 'paid' : 'void';
    if (opened) this.#pay('sampled-claim', claim.lockedWei, claim.toEpoch);
    else this.balanceWei += claim.lockedWei;
    this.#throughEpoch = claim.toEpoch;
  }

  #release(): void {
    if (this.#openClaim !== undefined) return;
    this.#state = 'released';
    this.balanceWei = 0n;
  }

  #pay(route: PaymentRoute, paidWei: bigint, throughEpoch: Epoch): void {
    this.#payments.push({ route, paidWei, feeWei: (paidWei * FEE_BPS) / 10_000n, throughEpoch });
    this.paidWei += paidWei;
    this.#throughEpoch = throughEpoch;
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
