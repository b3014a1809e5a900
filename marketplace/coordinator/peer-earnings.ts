import { priceWei } from '../../sdk/protocol/price.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { PeerMeter } from '../database/peer-ledger.ts';

/**
 * What peers have earned since the deal began: for each rate the floor of the price of the sum of the bytes that have
 * it, added up (SPEC.md, peers). Receipts only grow, so no amount ever falls.
 */
export function earnedByPeer(meters: readonly PeerMeter[]): Map<Address, bigint> {
  const earned = new Map<Address, bigint>();
  for (const { peer, ratePerGiB, bytes } of meters) {
    earned.set(peer, (earned.get(peer) ?? 0n) + priceWei(bytes, ratePerGiB));
  }
  return earned;
}

/** Sum over all peers. */
export function earnedInAll(meters: readonly PeerMeter[]): bigint {
  return [...earnedByPeer(meters).values()].reduce((sum, wei) => sum + wei, 0n);
}

/**
 * What a pool could have to pay at most: receipted bytes and the caps of open grants together, priced by peer and rate.
 * @param meters receipted bytes
 * @param openCaps what open grants allow beyond them
 */
export function committedWei(meters: readonly PeerMeter[], openCaps: readonly PeerMeter[]): bigint {
  const sums = new Map<string, PeerMeter>();
  for (const meter of [...meters, ...openCaps]) {
    const key = `${meter.peer} ${meter.ratePerGiB}`;
    sums.set(key, { ...meter, bytes: meter.bytes + (sums.get(key)?.bytes ?? 0n) });
  }
  return earnedInAll([...sums.values()]);
}

/**
 * What a peer is paid for a GiB: its ask, and no more than the cheapest edge of the deal is.
 * @returns undefined if the deal allocates nothing to any edge now
 */
export function peerRate(askWeiPerGiB: bigint, edgeRates: readonly bigint[]): bigint | undefined {
  const [first, ...others] = edgeRates;
  if (first === undefined) return undefined;
  const cheapest = others.reduce((least, rate) => (rate < least ? rate : least), first);
  return askWeiPerGiB < cheapest ? askWeiPerGiB : cheapest;
}
