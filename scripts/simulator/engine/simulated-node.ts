import type { RingMachine } from '../../../node/core/one-hop-ring/ring-machine.ts';
import type { SharedTable } from '../tables/shared-table.ts';
import type { Delivery, NodeBehaviour } from './node-behaviour.ts';
import type { Identity } from './simulated-registry.ts';

/** `joining` and `leaving` nodes run; `left` and `crashed` ones do not. */
export type NodePhase = 'joining' | 'member' | 'leaving' | 'left' | 'crashed';

/** One run of an edge: its machine and what the engine must know of it. */
export interface SimulatedNode {
  /** Number of this run; an identity that restarts gets a new one. */
  readonly index: number;
  readonly identity: Identity;
  readonly machine: RingMachine;
  readonly table: SharedTable;
  readonly startedMs: number;
  phase: NodePhase;
  /** When it became a member; NaN before. */
  joinedMs: number;
  /** When it crashed or left; NaN before. */
  endedMs: number;
  /** The wake-up in the queue that counts; others are stale. */
  wakeAtMs: number;
  /** Stopped until then: it neither receives nor wakes. */
  stalledUntilMs: number;
  /** What arrived during the stall. */
  readonly backlog: Delivery[];
  /** Hostile if present. */
  behaviour: NodeBehaviour | undefined;
}

export function isRunning(node: SimulatedNode): boolean {
  return node.phase !== 'left' && node.phase !== 'crashed';
}

/** It owns keys: it has joined and has neither left nor crashed. */
export function isInTruth(node: SimulatedNode): boolean {
  return node.phase === 'member' || node.phase === 'leaving';
}
