import type { Finding } from '../control/doctor-documents.ts';
import type { TrafficSample } from '../traffic/traffic-history.ts';

/** Answer to `/traffic`: sums since the node started, the oldest first, the newest of now. */
export interface TrafficDocument {
  readonly startedAt: string;
  readonly samples: readonly TrafficSample[];
}

/** Answer to `/capacity`: what the operator lends, and what is taken of it. */
export interface CapacityDocument {
  readonly disk: { readonly usedBytes: string; readonly limitBytes: string; readonly evictableBytes: string };
  /** Blocks kept in memory by this process. */
  readonly memory: { readonly usedBytes: string; readonly limitBytes: string };
  /** Null without a cap. */
  readonly uploadBytesPerSecond: string | null;
  readonly freeBytesPerMinute: string;
  /** Percent of the upload cap that is lent between domains. */
  readonly carriagePercent: number;
  readonly workers: number;
  /** From when on the node settles by itself, wei. */
  readonly settleMinimumWei: string;
  /** Null without a ceiling. */
  readonly maxGasPriceWei: string | null;
}

/** Answer to `/doctor`. */
export interface HealthDocument {
  readonly at: string;
  readonly findings: readonly Finding[];
}
