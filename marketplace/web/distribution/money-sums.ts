/** The parts of a distribution's money that add up. Amounts in wei. */
export interface MoneyParts {
  readonly depositedWei: bigint;
  readonly withdrawnWei: bigint;
  readonly freeWei: bigint;
  readonly allocations: readonly {
    readonly paidWei: bigint;
    readonly balanceWei: bigint;
    readonly lockedWei: bigint;
  }[];
  readonly peerPool: { readonly claimedWei: bigint; readonly remainingWei: bigint } | null;
}

/** Where a deposit is: the five parts are the deposit, to the last unit. */
export interface MoneySums {
  readonly paidWei: bigint;
  readonly withdrawnWei: bigint;
  readonly freeWei: bigint;
  readonly heldWei: bigint;
  readonly peerPoolWei: bigint;
  /** What is missing or too much: 0 unless a figure is wrong, and then it is shown. */
  readonly differenceWei: bigint;
}

export function moneySums({
  depositedWei,
  withdrawnWei,
  freeWei,
  allocations,
  peerPool,
}: MoneyParts): MoneySums {
  const paidToNodesWei = allocations.reduce((sum, { paidWei }) => sum + paidWei, 0n);
  const heldWei = allocations.reduce((sum, { balanceWei, lockedWei }) => sum + balanceWei + lockedWei, 0n);
  const paidWei = paidToNodesWei + (peerPool?.claimedWei ?? 0n);
  const peerPoolWei = peerPool?.remainingWei ?? 0n;
  const differenceWei = depositedWei - paidWei - withdrawnWei - freeWei - heldWei - peerPoolWei;
  return { paidWei, withdrawnWei, freeWei, heldWei, peerPoolWei, differenceWei };
}

/** An amount in equal shares; the first gets what does not divide, so that the shares are the amount. */
export function equalShares(amountWei: bigint, count: number): bigint[] {
  if (count === 0) return [];
  const share = amountWei / BigInt(count);
  const shares = Array.from({ length: count }, () => share);
  shares[0] = amountWei - share * BigInt(count - 1);
  return shares;
}

const DAY_SECONDS = 86_400;

/** How urgent it is to add money: `empty` when nodes have nothing left to earn, `short` below a day. */
export function runwayAlarm(
  state: 'open' | 'closing' | 'closed',
  runwaySeconds: number | null,
  heldWei: bigint,
): 'none' | 'short' | 'empty' {
  if (state !== 'open') return 'none';
  if (heldWei === 0n) return 'empty';
  return runwaySeconds !== null && runwaySeconds < DAY_SECONDS ? 'short' : 'none';
}
