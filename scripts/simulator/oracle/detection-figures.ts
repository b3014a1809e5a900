import { percentile, rising } from '../../measuring/percentile.ts';
import { rounded } from '../output/rounded.ts';
import type { FailureWatch } from './failure-watch.ts';
import type { LimitCheck } from './limit-check.ts';

/**
 * RING.md asks for 5 s, which holds where a host says that the process is gone (`--refusals`). A host that says nothing
 * looks for 5 s like one that stands still, and that one must not be declared dead.
 */
const MAX_DETECTION_P50_MS = 6_500;
const MAX_DETECTION_P99_MS = 8_000;

/** How deaths were found, for a report. */
export interface DetectionFigures {
  readonly detectionP50Ms: number;
  readonly detectionP99Ms: number;
  readonly undetected: number;
  readonly falseFailures: number;
}

export function detectionFigures(watch: FailureWatch): DetectionFigures {
  const detections = rising(watch.detectionsMs);
  return {
    detectionP50Ms: rounded(percentile(detections, 0.5)),
    detectionP99Ms: rounded(percentile(detections, 0.99)),
    undetected: watch.undetected.length,
    falseFailures: watch.falseFailures.length,
  };
}

/** Were deaths found in time? Only for runs in which somebody died. */
export function checkDetectionTimes(check: LimitCheck): void {
  check.atMost('detectionP50Ms', MAX_DETECTION_P50_MS, 'deaths are soon found, median');
  check.atMost('detectionP99Ms', MAX_DETECTION_P99_MS, 'deaths are soon found, 99th percentile');
}
