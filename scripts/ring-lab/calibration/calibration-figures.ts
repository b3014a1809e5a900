import { rising } from '../../measuring/percentile.ts';
import type { TableChange } from '../lab-commands.ts';
import { meanMembers } from './event-script.ts';
import type { ObservedEvent, ObservedPlan, Observations } from './observe.ts';
import type { ReceivedBytes } from './ring-under-test.ts';

/** Messages of the index, which cost what the application asks for. */
const INDEX_KINDS = new Set(['store', 'store-reply', 'lookup-request', 'lookup-reply']);

/** What one ring showed, in the units of RING.md's numbers. */
export interface CalibrationFigures {
  /** Received by each node in a second while nothing happens. */
  readonly steadyBytesPerSecond: number;
  /** The same during the script. */
  readonly scriptBytesPerSecond: number;
  readonly scriptBytesByKind: ReceivedBytes;
  /** From the first table that knows an event to each other table, milliseconds, rising. */
  readonly spreadMs: readonly number[];
  /** From a crash to the first table that says failed, milliseconds, rising. */
  readonly detectionMs: readonly number[];
  /** Events that not one table showed. */
  readonly unseen: number;
  /** Failures of members that had not crashed. */
  readonly falseFailures: number;
}

const STATES: Readonly<Record<ObservedEvent['kind'], TableChange['state']>> = {
  crash: 'failed',
  join: 'alive',
  leave: 'left',
};

export function calibrationFigures(plan: ObservedPlan, seen: Observations): CalibrationFigures {
  const nodes = meanMembers(plan.members, plan.script, seen.scriptMs);
  // A joiner's table shows what happened before it came: only tables of the beginning tell how news spread.
  const changes = seen.changes.filter(({ node }) => node < plan.members);
  const arrivals = seen.events.map((event) => ({ event, times: firstTimes(event, changes) }));
  const crashes = arrivals.filter(({ event }) => event.kind === 'crash');
  const crashed = new Set(crashes.map(({ event }) => event.subject));
  const failures = seen.changes.filter(({ state }) => state === 'failed');
  return {
    steadyBytesPerSecond: perNodeSecond(seen.steadyBytes, plan.members, seen.steadyMs),
    scriptBytesPerSecond: perNodeSecond(seen.scriptBytes, nodes, seen.scriptMs),
    scriptBytesByKind: Object.fromEntries(
      Object.entries(seen.scriptBytes).map(([kind, bytes]) => [
        kind,
        bytes / nodes / (seen.scriptMs / 1_000),
      ]),
    ),
    spreadMs: [...rising(arrivals.flatMap(({ times }) => times.slice(1).map((ms) => ms - (times[0] ?? ms))))],
    detectionMs: [
      ...rising(crashes.flatMap(({ event, times }) => times.slice(0, 1).map((ms) => ms - event.atMs))),
    ],
    unseen: arrivals.filter(({ times }) => times.length === 0).length,
    falseFailures: failures.filter(({ subject }) => !crashed.has(subject)).length,
  };
}

/** When each table first showed the event, earliest first. */
function firstTimes(event: ObservedEvent, changes: readonly TableChange[]): number[] {
  const first = new Map<number, number>();
  for (const { node, subject, state, atMs } of changes) {
    if (subject !== event.subject || state !== STATES[event.kind] || atMs < event.atMs) continue;
    if (!first.has(node)) first.set(node, atMs);
  }
  return [...rising(first.values())];
}

function perNodeSecond(bytes: ReceivedBytes, nodes: number, ms: number): number {
  const ring = Object.entries(bytes).filter(([kind]) => !INDEX_KINDS.has(kind));
  return ring.reduce((sum, [, each]) => sum + each, 0) / nodes / (ms / 1_000);
}
