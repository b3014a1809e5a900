import {
  CREDIT_GROWTH_DENOMINATOR,
  CREDIT_GROWTH_NUMERATOR,
  INITIAL_CREDIT_BYTES,
  MAX_CREDIT_BYTES,
  MAX_SERVED_BLOCK_BYTES,
} from '../../../sdk/protocol/limits.ts';

/** What a node has given under one grant without holding a receipt for it. */
export interface Exposure {
  /** Served or being served, not receipted. */
  readonly unreceiptedBytes: number;
  /** Sent in transfers that the client broke off: no receipt will ever name them. */
  readonly abortedBytes: number;
  readonly windowBytes: number;
}

/** Window of a fresh grant (PAYMENT.md, off-chain credit). */
export const initialWindowBytes = INITIAL_CREDIT_BYTES;

/** Window after one more receipt that advanced: ×1.5, up to the largest. */
export function grownWindowBytes(windowBytes: number): number {
  const grown = Math.floor((windowBytes * CREDIT_GROWTH_NUMERATOR) / CREDIT_GROWTH_DENOMINATOR);
  return Math.min(MAX_CREDIT_BYTES, grown);
}

/**
 * Whether `bytes` more may be served on credit: they fit the window, or they are the one block that is
 * served when nothing is unreceipted (SPEC.md, the first block).
 */
export function creditAllows(exposure: Exposure, bytes: number): boolean {
  const { unreceiptedBytes, abortedBytes, windowBytes } = exposure;
  if (unreceiptedBytes + abortedBytes + bytes <= windowBytes) return true;
  return unreceiptedBytes === 0 && abortedBytes + bytes <= MAX_SERVED_BLOCK_BYTES;
}
