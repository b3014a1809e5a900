import { priceWei } from '../../../sdk/protocol/price.ts';
import type { NetworkMap } from '../market-data/network-map.ts';

/** What nodes of a network metered in the last hour, at what they ask now. */
export interface HourOfNodes {
  /** Nodes that are ready. */
  readonly ready: number;
  /** Of them, those that viewers signed anything for. */
  readonly serving: number;
  readonly deliveredBytes: bigint;
  readonly meteredWei: bigint;
  /** Middle of what the ready nodes metered; undefined without any. */
  readonly medianWei: bigint | undefined;
  readonly mostWei: bigint;
}

/** Measured, not promised: receipts of the last hour, each node's at its own price. */
export function hourOfNodes({ nodes }: NetworkMap): HourOfNodes {
  const ready = nodes.filter(({ state }) => state === 'ready');
  const metered = ready
    .map(({ deliveredBytesLastHour, askWeiPerGiB }) => priceWei(deliveredBytesLastHour, askWeiPerGiB))
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    ready: ready.length,
    serving: ready.filter(({ deliveredBytesLastHour }) => deliveredBytesLastHour > 0n).length,
    deliveredBytes: ready.reduce((sum, node) => sum + node.deliveredBytesLastHour, 0n),
    meteredWei: metered.reduce((sum, wei) => sum + wei, 0n),
    medianWei: metered[Math.floor(metered.length / 2)],
    mostWei: metered.at(-1) ?? 0n,
  };
}
