import type { Bench } from './bench.ts';
import { cache } from './cache/bench.ts';
import { collector } from './collector/bench.ts';
import { delivery } from './delivery/bench.ts';
import { gateway } from './gateway/bench.ts';
import { group } from './group/bench.ts';
import { libp2pPlane } from './libp2p-plane/bench.ts';
import { player } from './player/bench.ts';
import { receipts } from './receipts/bench.ts';
import { receiptsCost } from './receipts-cost/bench.ts';
import { ring } from './ring/bench.ts';
import { ringCalibration } from './ring-calibration/bench.ts';
import { ringRepair } from './ring-repair/bench.ts';
import { ringTable } from './ring-table/bench.ts';
import { sources } from './sources/bench.ts';
import { workers } from './workers/bench.ts';

/** Every bench of `npm run bench`, in the order of its help. A new one is one folder and one line here. */
export const BENCHES: readonly Bench[] = [
  cache,
  collector,
  delivery,
  gateway,
  group,
  libp2pPlane,
  player,
  receipts,
  receiptsCost,
  ring,
  ringCalibration,
  ringRepair,
  ringTable,
  sources,
  workers,
];
