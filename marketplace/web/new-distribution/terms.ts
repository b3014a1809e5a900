/** What the review says of the market and the account. */
export interface MarketTermsView {
  /** From closing to having money back, at most. */
  readonly thawSeconds: number;
  /** What the market may pull from the account without a permit. */
  readonly allowanceWei: bigint;
  readonly tokensWei: bigint;
  readonly etherWei: bigint;
}
