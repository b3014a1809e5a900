import type { Simulation } from '../engine/simulation.ts';
import { MESSAGE_KINDS, ringBytes } from '../engine/traffic.ts';
import { rounded } from '../output/rounded.ts';

/** What members received in a stretch of time, in bytes a second for each of them. */
export interface MeasuredTraffic {
  /** The ring's own traffic: everything but the index (store, lookup) and what joining nodes receive. */
  readonly receiveBytesPerSecond: number;
  /** Everything, by kind of message. */
  readonly byKind: Readonly<Record<string, number>>;
  /** Received by joining nodes, spread over all members. */
  readonly joinBytesPerSecond: number;
  readonly joiningBytes: number;
}

/** Measures from now on; call the result at the end of the stretch. */
export function measureTraffic(simulation: Simulation): () => MeasuredTraffic {
  const { traffic } = simulation;
  const before = traffic.memberTotals();
  const joiningBefore = traffic.joiningBytes;
  const startMs = simulation.nowMs;
  let memberSamples = simulation.live.size;
  let samples = 1;
  let open = true;
  simulation.every(1_000, () => {
    memberSamples += simulation.live.size;
    samples += 1;
    return open;
  });
  return () => {
    open = false;
    const nodeSeconds = ((simulation.nowMs - startMs) / 1_000) * (memberSamples / samples);
    const after = traffic.memberTotals();
    const received = Object.fromEntries(
      MESSAGE_KINDS.map((kind) => [kind, ((after[kind] ?? 0) - (before[kind] ?? 0)) / nodeSeconds]),
    );
    const joiningBytes = traffic.joiningBytes - joiningBefore;
    return {
      receiveBytesPerSecond: rounded(ringBytes(received)),
      byKind: Object.fromEntries(
        Object.entries(received)
          .filter(([, bytes]) => bytes > 0)
          .map(([kind, bytes]) => [kind, rounded(bytes)]),
      ),
      joinBytesPerSecond: rounded(joiningBytes / nodeSeconds),
      joiningBytes,
    };
  };
}
