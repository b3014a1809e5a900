/** Sums since the node started, at one moment; what is open is as it is then. */
export interface TrafficSample {
  readonly atMs: number;
  readonly sentBytes: number;
  /** Bytes of blocks that were stored. */
  readonly receivedBytes: number;
  readonly transfers: number;
  readonly misses: number;
  readonly connections: number;
}

interface Tier {
  readonly stepMs: number;
  readonly samples: number;
}

/** The last hour by ten seconds, the last day by two minutes, the last 30 days by the hour. */
export const TRAFFIC_TIERS: readonly Tier[] = [
  { stepMs: 10_000, samples: 360 },
  { stepMs: 120_000, samples: 720 },
  { stepMs: 3_600_000, samples: 720 },
];

/**
 * Samples of a node's traffic, ever fewer the older they are, in memory of a fixed size. They are sums, so thinning them
 * loses moments and no bytes.
 */
export class TrafficHistory {
  readonly #tiers: readonly { readonly tier: Tier; readonly kept: TrafficSample[] }[];

  constructor(tiers: readonly Tier[] = TRAFFIC_TIERS) {
    this.#tiers = tiers.map((tier) => ({ tier, kept: [] }));
  }

  /** Notes a sample; each tier keeps the first one of each of its steps. A clock that was set back begins anew. */
  note(sample: TrafficSample): void {
    for (const { tier, kept } of this.#tiers) {
      const last = kept.at(-1);
      if (last !== undefined && last.atMs > sample.atMs) kept.length = 0;
      const step = Math.floor(sample.atMs / tier.stepMs);
      if (last !== undefined && Math.floor(last.atMs / tier.stepMs) === step) continue;
      kept.push(sample);
      if (kept.length > tier.samples) kept.shift();
    }
  }

  /** All samples, the oldest first: of each span of time those of the finest tier that still has it. */
  samples(): readonly TrafficSample[] {
    let merged: readonly TrafficSample[] = [];
    for (const { kept } of this.#tiers) {
      const from = merged[0]?.atMs ?? Infinity;
      merged = [...kept.filter(({ atMs }) => atMs < from), ...merged];
    }
    return merged;
  }
}
