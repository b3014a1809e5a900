import { GIB_BYTES } from './limits.ts';

/**
 * What delivered bytes cost: floor(bytes × rate / 2³⁰), the arithmetic of the contract.
 * Apply it to the sum of bytes, never to its parts: each rounding would lose up to one wei.
 */
export function priceWei(bytes: bigint, ratePerGiB: bigint): bigint {
  return (bytes * ratePerGiB) / GIB_BYTES;
}

/** Most bytes whose price does not exceed `amountWei`; unlimited at rate 0 is the caller's case to decide. */
export function bytesAffordable(amountWei: bigint, ratePerGiB: bigint): bigint {
  return ((amountWei + 1n) * GIB_BYTES - 1n) / ratePerGiB;
}
