import type { Lookup, System } from './lookup-node.ts';

/** What the measuring process asks a process of nodes to do; nodes are named by number, keys are hexadecimal. */
export interface WorkerTasks {
  /** Makes nodes of one system, listening. Of the ring, all `admitted` numbers are members of the registry. */
  create: {
    ask: { system: System; numbers: number[]; admitted: number[] };
    answer: { addresses: Record<string, string> };
  };
  join: { ask: { number: number; contacts: string[] }; answer: { ms: number } };
  warm: { ask: { number: number }; answer: object };
  views: { ask: object; answer: { known: number[]; connections: number[]; heldKeys: number } };
  provide: { ask: { number: number; key: string }; answer: object };
  /** The same lookup `times` times, one after another. */
  lookup: { ask: { number: number; key: string; times: number }; answer: { lookups: TimedLookup[] } };
  /** By a new host, as a guest of the node at this address. */
  cold: { ask: { number: number; address: string; key: string }; answer: { ms: number; found: boolean } };
  stop: { ask: object; answer: object };
}

export interface TimedLookup extends Lookup {
  readonly ms: number;
}
