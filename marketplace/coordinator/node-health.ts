import { httpOriginOf } from '../../sdk/client/endpoint.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database } from '../database/database.ts';
import { readServingNodes, type NodeRecord } from '../database/node-records.ts';
import { MAX_PROBE_SILENCES, MAX_PROBED_NODES, PROBE_INTERVAL_MS } from '../limits.ts';
import { Rounds } from '../../sdk/pacing/rounds.ts';
import { askNode, inProbeGroups } from './probing.ts';

export type Health = 'up' | 'down';

/** Answer to a probe; `silent` is no answer in time, which a busy machine gives too. */
export type ProbeResult = 'ready' | 'unready' | 'silent';

/** Asks a node whether it is ready; never rejects. @param origin e.g. `http://192.0.2.1:8080` */
export type ReadinessProbe = (origin: string, signal: AbortSignal) => Promise<ProbeResult>;

interface HealthComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly probe: ReadinessProbe;
  /** Told what kept a round of probes from happening; the next round is tried all the same. */
  readonly onFailure: (failure: unknown) => void;
}

interface HealthRecord {
  readonly health: Health;
  readonly origin: string | undefined;
  /** Probes in a row that were not answered in time. */
  readonly silences: number;
  /** Whether it was ever ready at this origin, and how many probes in a row found it otherwise. */
  readonly wasReady: boolean;
  readonly failures: number;
}

/**
 * Knows which nodes answer. Active edges, nodes with money in a deal, and peers that hold a content, are asked for `/readyz` at intervals; one that is down gets
 * no grants. A node that answered before is down only after MAX_PROBE_SILENCES probes without answer in a row. A node
 * that was never asked, or that has moved since, is asked when somebody wants to know.
 */
export class NodeHealth {
  readonly #components: HealthComponents;
  readonly #known = new Map<Address, HealthRecord>();
  readonly #rounds: Rounds;

  constructor(components: HealthComponents, options: { intervalMs?: number } = {}) {
    this.#components = components;
    const { clock, onFailure } = components;
    const intervalMs = options.intervalMs ?? PROBE_INTERVAL_MS;
    this.#rounds = new Rounds(
      { clock, onFailure, round: () => this.#round() },
      { pauseMs: () => intervalMs },
    );
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** What the last probe found; undefined if there was none at the node's present endpoints. */
  lastKnown(node: NodeRecord): Health | undefined {
    const record = this.#known.get(node.address);
    return record !== undefined && record.origin === httpOriginOf(node.endpoints) ? record.health : undefined;
  }

  /**
   * Whether plans should pass a node by. One that was never ready may only just begin: it is registered before it serves,
   * so it has MAX_PROBE_SILENCES probes to become so.
   */
  isAway(node: NodeRecord): boolean {
    const record = this.#known.get(node.address);
    if (record === undefined || this.lastKnown(node) !== 'down') return false;
    return record.wasReady || record.failures >= MAX_PROBE_SILENCES;
  }

  /** Those of the nodes that answer, asking the unknown ones now. */
  async upAmong(nodes: readonly NodeRecord[]): Promise<NodeRecord[]> {
    await this.#probeAll(nodes.filter((node) => this.lastKnown(node) === undefined));
    return nodes.filter((node) => this.lastKnown(node) === 'up');
  }

  async #round(): Promise<void> {
    const { database, clock } = this.#components;
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const nodes = await readServingNodes(database.read, { nowSeconds, limit: MAX_PROBED_NODES });
    const present = new Set(nodes.map((node) => node.address));
    for (const address of this.#known.keys()) if (!present.has(address)) this.#known.delete(address);
    await this.#probeAll(nodes);
  }

  #probeAll(nodes: readonly NodeRecord[]): Promise<void> {
    return inProbeGroups(nodes, (node) => this.#probe(node), this.#rounds.signal);
  }

  async #probe(node: NodeRecord): Promise<void> {
    const origin = httpOriginOf(node.endpoints);
    const result =
      origin === undefined ? 'unready' : await this.#components.probe(origin, this.#rounds.signal);
    const before = this.#known.get(node.address);
    if (before === undefined && this.#known.size >= MAX_PROBED_NODES) return;
    const known = before?.origin === origin ? before : undefined;
    const silences = result === 'silent' ? (known?.silences ?? 0) + 1 : 0;
    const spared = result === 'silent' && known?.health === 'up' && silences < MAX_PROBE_SILENCES;
    const health = result === 'ready' || spared ? 'up' : 'down';
    const wasReady = result === 'ready' || known?.wasReady === true;
    const failures = result === 'ready' ? 0 : (known?.failures ?? 0) + 1;
    this.#known.set(node.address, { health, origin, silences, wasReady, failures });
  }
}

/** Asks over HTTP: 200 is ready, silence until the time limit is silence, all else is not ready. */
export const httpReadinessProbe: ReadinessProbe = async (origin, signal) => {
  try {
    const response = await askNode(`${origin}/readyz`, { signal });
    await response.body?.cancel();
    return response.status === 200 ? 'ready' : 'unready';
  } catch (failure) {
    // Refused or unresolvable: viewers could not reach it either.
    return failure instanceof Error && failure.name === 'TimeoutError' ? 'silent' : 'unready';
  }
};
