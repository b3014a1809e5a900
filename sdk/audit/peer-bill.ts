import type { Address } from '../protocol/identifiers.ts';
import { priceWei } from '../protocol/price.ts';
import type { PeerPoolMoney } from './deal-history.ts';
import type { PeerMeter } from './peer-meter.ts';

/** What of the peers' pay differs from the receipts. Codes are listed once and never reused; all of them are wrong. */
export type PeerDifferenceCode =
  | 'PEER_BYTES_ABOVE_RECEIPTS'
  | 'PEER_RATE_ABOVE_ALLOCATIONS'
  | 'PEER_PAID_ABOVE_RECEIPTS'
  | 'PEER_ROOT_ABOVE_RECEIPTS';

export interface PeerDifference {
  readonly code: PeerDifferenceCode;
  readonly message: string;
  readonly values: Readonly<Record<string, string | bigint>>;
}

/** What one peer has earned, recomputed. Amounts are wei since the deal began. */
export interface PeerBill {
  readonly peer: Address;
  /** Bytes of its receipts that count. */
  readonly receiptBytes: bigint;
  /** The same by rate, as the coordinator splits them. */
  readonly byRate: readonly { readonly ratePerGiB: bigint; readonly bytes: bigint }[];
  readonly earnedWei: bigint;
  readonly paidWei: bigint;
}

/** The peers of a deal. */
export interface PeersBill {
  readonly fundedWei: bigint;
  /** Total of the newest root on chain. */
  readonly postedWei: bigint;
  readonly earnedWei: bigint;
  readonly paidWei: bigint;
  readonly peers: readonly PeerBill[];
  readonly differences: readonly PeerDifference[];
}

interface PeerBooks {
  readonly pool: PeerPoolMoney;
  readonly meters: readonly PeerMeter[];
  /** Bytes of receipts that count, of nodes without allocation. */
  readonly receiptBytes: ReadonlyMap<Address, bigint>;
  /** Rates of the deal's allocations: no peer is paid more than the dearest of them. */
  readonly allocationRates: readonly bigint[];
}

/** Recomputes what peers have earned (marketplace/coordinator/SPEC.md, peers, 3 and 4; SPEC.md, peers). */
export function peersBillOf(books: PeerBooks): PeersBill {
  const { pool, meters, receiptBytes } = books;
  const addresses = new Set([
    ...pool.paidWei.keys(),
    ...receiptBytes.keys(),
    ...meters.map(({ peer }) => peer),
  ]);
  const peers = [...addresses].sort().map((peer): PeerBill => {
    const byRate = meters
      .filter((meter) => meter.peer === peer)
      .map(({ ratePerGiB, bytes }) => ({ ratePerGiB, bytes }));
    return {
      ...{ peer, byRate, receiptBytes: receiptBytes.get(peer) ?? 0n, paidWei: pool.paidWei.get(peer) ?? 0n },
      earnedWei: byRate.reduce((sum, { bytes, ratePerGiB }) => sum + priceWei(bytes, ratePerGiB), 0n),
    };
  });
  const earnedWei = peers.reduce((sum, peer) => sum + peer.earnedWei, 0n);
  return {
    ...{ fundedWei: pool.fundedWei, postedWei: pool.postedWei, earnedWei, peers },
    paidWei: peers.reduce((sum, peer) => sum + peer.paidWei, 0n),
    differences: [
      ...peers.flatMap((peer) => differencesOf(peer, books.allocationRates)),
      ...(pool.postedWei <= earnedWei ? [] : [rootDifference(pool.postedWei, earnedWei)]),
    ],
  };
}

function differencesOf(bill: PeerBill, allocationRates: readonly bigint[]): PeerDifference[] {
  const { peer, byRate, receiptBytes, earnedWei, paidWei } = bill;
  const found: PeerDifference[] = [];
  const countedBytes = byRate.reduce((sum, { bytes }) => sum + bytes, 0n);
  if (countedBytes > receiptBytes) {
    found.push({
      code: 'PEER_BYTES_ABOVE_RECEIPTS',
      message: `Peer ${peer} is credited with ${countedBytes} bytes, its receipts say ${receiptBytes}.`,
      values: { peer, countedBytes, receiptBytes },
    });
  }
  const dearest = allocationRates.reduce((most, rate) => (rate > most ? rate : most), 0n);
  for (const { ratePerGiB } of byRate.filter((each) => each.ratePerGiB > dearest)) {
    found.push({
      code: 'PEER_RATE_ABOVE_ALLOCATIONS',
      message: `Peer ${peer} is paid ${ratePerGiB} wei a GiB, more than any node of the deal.`,
      values: { peer, ratePerGiB, dearestRatePerGiB: dearest },
    });
  }
  if (paidWei > earnedWei) {
    found.push({
      code: 'PEER_PAID_ABOVE_RECEIPTS',
      message: `Peer ${peer} was paid ${paidWei} wei, its receipts are worth ${earnedWei}.`,
      values: { peer, paidWei, earnedWei },
    });
  }
  return found;
}

function rootDifference(postedWei: bigint, earnedWei: bigint): PeerDifference {
  return {
    code: 'PEER_ROOT_ABOVE_RECEIPTS',
    message: `The root on chain promises peers ${postedWei} wei, their receipts are worth ${earnedWei}.`,
    values: { postedWei, earnedWei },
  };
}
