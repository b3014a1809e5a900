/** An amount in equal shares; the first gets what does not divide, so that the shares are the amount. */
export function equalShares(amountWei: bigint, count: number): bigint[] {
  if (count === 0) return [];
  const share = amountWei / BigInt(count);
  const shares = Array.from({ length: count }, () => share);
  shares[0] = amountWei - share * BigInt(count - 1);
  return shares;
}
