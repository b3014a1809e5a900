import { httpOriginOf } from '../../sdk/client/endpoint.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { readNodesOfOpenDeals, type NodeRecord } from '../database/node-records.ts';
import { MAX_PARALLEL_PROBES, MAX_PROBED_NODES, PROBE_INTERVAL_MS, PROBE_TIMEOUT_MS } from '../limits.ts';

export type Health = 'up' | 'down';

/** Asks a node whether it is ready; never rejects. @param origin e.g. `http://192.0.2.1:8080` */
export type ReadinessProbe = (origin: string, signal: AbortSignal) => Promise<boolean>;

interface HealthComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly probe: ReadinessProbe;
}

interface HealthRecord {
  readonly health: Health;
  readonly origin: string | undefined;
  readonly checkedAtMs: number;
}

/**
 * Knows which nodes answer. Nodes with money in a deal are asked for `/readyz` at intervals; one that is down gets
 * no grants. A node that was never asked, or that has moved since, is asked when somebody wants to know.
 */
export class NodeHealth {
  readonly #components: HealthComponents;
  readonly #intervalMs: number;
  readonly #known = new Map<Address, HealthRecord>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(components: HealthComponents, options: { intervalMs?: number } = {}) {
    this.#components = components;
    this.#intervalMs = options.intervalMs ?? PROBE_INTERVAL_MS;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** What the last probe found; undefined if there was none at the node's present endpoints. */
  lastKnown(node: NodeRecord): Health | undefined {
    const record = this.#known.get(node.address);
    return record !== undefined && record.origin === httpOriginOf(node.endpoints) ? record.health : undefined;
  }

  /** Those of the nodes that answer, asking the unknown ones now. */
  async upAmong(nodes: readonly NodeRecord[]): Promise<NodeRecord[]> {
    await this.#probeAll(nodes.filter((node) => this.lastKnown(node) === undefined));
    return nodes.filter((node) => this.lastKnown(node) === 'up');
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const nodes = await readNodesOfOpenDeals(this.#components.database.read, MAX_PROBED_NODES);
      const present = new Set(nodes.map((node) => node.address));
      for (const address of this.#known.keys()) if (!present.has(address)) this.#known.delete(address);
      await this.#probeAll(nodes);
      await this.#components.clock.sleep(this.#intervalMs, signal);
    }
  }

  async #probeAll(nodes: readonly NodeRecord[]): Promise<void> {
    for (let i = 0; i < nodes.length && !this.#stopping.signal.aborted; i += MAX_PARALLEL_PROBES) {
      await Promise.all(nodes.slice(i, i + MAX_PARALLEL_PROBES).map((node) => this.#probe(node)));
    }
  }

  async #probe(node: NodeRecord): Promise<void> {
    const origin = httpOriginOf(node.endpoints);
    const { probe, clock } = this.#components;
    const up = origin !== undefined && (await probe(origin, this.#stopping.signal));
    if (this.#known.size >= MAX_PROBED_NODES && !this.#known.has(node.address)) return;
    this.#known.set(node.address, { health: up ? 'up' : 'down', origin, checkedAtMs: clock.nowMs() });
  }
}

/** Asks over HTTP; any answer but 200 within the time limit counts as down. Bodies and redirects are not followed. */
export const httpReadinessProbe: ReadinessProbe = async (origin, signal) => {
  try {
    const response = await fetch(`${origin}/readyz`, {
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    // Refused, timed out, unresolvable: all of it means that viewers could not reach it either.
    return false;
  }
};
