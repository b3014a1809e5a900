/** Why nothing is settled for a deal now, with the figures that decide it. */
export type WaitCause =
  | { readonly reason: 'NOTHING_DUE' }
  | { readonly reason: 'ESCROW_EXHAUSTED'; readonly unpaidWei: bigint }
  | { readonly reason: 'EPOCH_RUNNING' }
  | { readonly reason: 'BELOW_MINIMUM'; readonly haveWei: bigint; readonly needWei: bigint }
  | { readonly reason: 'GAS_EXCEEDS_DUE'; readonly haveWei: bigint; readonly needWei: bigint }
  | {
      readonly reason: 'GAS_PRICE_ABOVE_CEILING';
      readonly gasPriceWei: bigint;
      readonly maxGasPriceWei: bigint;
    }
  | { readonly reason: 'BOND_SHORT'; readonly haveWei: bigint; readonly needWei: bigint }
  | { readonly reason: 'THAW_ENDED'; readonly receipts: number; readonly maxReceipts: number }
  | { readonly reason: 'CLAIM_OPEN'; readonly toEpoch: number; readonly lastBlock: number };

/** Says which rule a deal waits by, and what would satisfy it. */
export function explainWait(cause: WaitCause): string {
  switch (cause.reason) {
    case 'NOTHING_DUE':
      return 'Every receipt of ended epochs is settled. More is due after more is served.';
    case 'ESCROW_EXHAUSTED':
      return `The escrow for this node is empty and ${cause.unpaidWei.toString()} wei are unpaid. The publisher must top it up.`;
    case 'EPOCH_RUNNING':
      return 'Receipts are settled after their epoch has ended. It goes on by itself then.';
    case 'BELOW_MINIMUM':
      return `Due are ${cause.haveWei.toString()} wei, the minimum is ${cause.needWei.toString()}. Serve more, lower --settle-minimum-wei, or run \`bcdn-node settle\`.`;
    case 'GAS_EXCEEDS_DUE':
      return `Due are ${cause.haveWei.toString()} wei, the gas is worth ${cause.needWei.toString()}. Serve more, wait for cheaper gas, or correct --gas-token-wei.`;
    case 'GAS_PRICE_ABOVE_CEILING':
      return `A unit of gas costs ${cause.gasPriceWei.toString()} wei, the ceiling is ${cause.maxGasPriceWei.toString()}. Wait for cheaper gas or raise --max-gas-price-wei.`;
    case 'BOND_SHORT':
      return `So many receipts need a sampled claim, whose bond is ${cause.needWei.toString()} wei of BCDN; the operator account holds ${cause.haveWei.toString()}. Send it the difference: the bond comes back with the payment.`;
    case 'THAW_ENDED':
      return `The thaw of the escrow has ended, so a claim takes at most ${cause.maxReceipts} receipts, and the ended epochs have ${cause.receipts}. Only a voucher of the publisher can pay them.`;
    case 'CLAIM_OPEN':
      return `A sampled claim up to epoch ${cause.toEpoch} is open and is decided by block ${cause.lastBlock}. Later epochs follow it by themselves.`;
  }
}
