import { z } from 'zod';

import { httpOriginOf } from '../../sdk/client/endpoint.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import { isYounger, type Clock } from '../../sdk/pacing/clock.ts';
import type { Database } from '../database/database.ts';
import { readEdges, type NodeRecord } from '../database/node-records.ts';
import { CAPACITY_INTERVAL_MS, CAPACITY_LIFETIME_MS, MAX_PROBED_NODES, MAX_STATUS_BYTES } from '../limits.ts';
import { Rounds } from '../../sdk/pacing/rounds.ts';
import { askNode, inProbeGroups } from './probing.ts';

/** What a node says that it has room for. */
export interface NodeCapacity {
  readonly freeDiskBytes: number;
  /** Most bytes a second that it sends; undefined if its operator names no bound. */
  readonly uplinkBytesPerSecond: number | undefined;
}

/** Asks a node what it has room for; never rejects. @param origin e.g. `http://192.0.2.1:8080` */
export type CapacityProbe = (origin: string, signal: AbortSignal) => Promise<NodeCapacity | undefined>;

interface CapacityComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly probe: CapacityProbe;
  /** Told what kept a round from happening; the next one is tried all the same. */
  readonly onFailure: (failure: unknown) => void;
}

/**
 * Knows what edges have room for, in their own words: their public status is asked for at intervals, at the endpoints of the
 * registry. A word older than CAPACITY_LIFETIME_MS is not known any more.
 */
export class NodeCapacities {
  readonly #components: CapacityComponents;
  readonly #known = new Map<Address, { capacity: NodeCapacity; origin: string; atMs: number }>();
  readonly #rounds: Rounds;

  constructor(components: CapacityComponents, options: { intervalMs?: number } = {}) {
    this.#components = components;
    const { clock, onFailure } = components;
    const intervalMs = options.intervalMs ?? CAPACITY_INTERVAL_MS;
    this.#rounds = new Rounds(
      { clock, onFailure, round: (signal) => this.#round(signal) },
      { pauseMs: () => intervalMs },
    );
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** What the node said last at its present endpoints; undefined if it did not, or too long ago. */
  lastKnown(node: NodeRecord): NodeCapacity | undefined {
    const known = this.#known.get(node.address);
    const nowMs = this.#components.clock.nowMs();
    const isFresh = known !== undefined && isYounger(known.atMs, nowMs, CAPACITY_LIFETIME_MS);
    return isFresh && known.origin === httpOriginOf(node.endpoints) ? known.capacity : undefined;
  }

  async #round(signal: AbortSignal): Promise<void> {
    const edges = await readEdges(this.#components.database.read, MAX_PROBED_NODES);
    const registered = new Set(edges.map(({ address }) => address));
    for (const address of this.#known.keys()) if (!registered.has(address)) this.#known.delete(address);
    const active = edges.filter((edge) => edge.active);
    await inProbeGroups(active, (node) => this.#ask(node, signal), signal);
  }

  async #ask(node: NodeRecord, signal: AbortSignal): Promise<void> {
    const origin = httpOriginOf(node.endpoints);
    if (origin === undefined) return;
    const capacity = await this.#components.probe(origin, signal);
    if (capacity === undefined) return;
    this.#known.set(node.address, { capacity, origin, atMs: this.#components.clock.nowMs() });
  }
}

const bytes = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number)
  .refine(Number.isSafeInteger);
const statusSchema = z.object({
  capacity: z.object({ freeDiskBytes: bytes, uplinkBytesPerSecond: bytes.nullable() }),
});

/** Asks over HTTP; an answer that is too long, too late or not as described is none. */
export const httpCapacityProbe: CapacityProbe = async (origin, signal) => {
  try {
    const response = await askNode(`${origin}/bcdn/v1/status`, { signal });
    const text = response.status === 200 ? await boundedText(response) : undefined;
    if (text === undefined) {
      await response.body?.cancel();
      return undefined;
    }
    const { capacity } = statusSchema.parse(JSON.parse(text));
    const { freeDiskBytes, uplinkBytesPerSecond } = capacity;
    return { freeDiskBytes, uplinkBytesPerSecond: uplinkBytesPerSecond ?? undefined };
  } catch {
    // Silent, refused or no status of ours: its capacity is not known, and quotes say so.
    return undefined;
  }
};

async function boundedText(response: Response): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = '';
  const chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? [];
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_STATUS_BYTES) return undefined;
  }
  return text;
}
