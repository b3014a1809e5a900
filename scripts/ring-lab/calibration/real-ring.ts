import { setTimeout as sleep } from 'node:timers/promises';

import type { RingTiming } from '../../../node/core/one-hop-ring/limits.ts';
import type { TableChange } from '../lab-commands.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { RingLab } from '../ring-lab.ts';
import type { ReceivedBytes, RingUnderTest } from './ring-under-test.ts';

/** A ring of N nodes makes N²/2 connections when it starts; on a busy machine that takes its time. */
const BEGIN_LIMIT_MS = 600_000;
/** Share of pairs that may lack their connection when the measurement begins: they dial with their first message. */
const COLD_SHARE = 0.01;
/** Nodes that join at once, and after how many the machine is given time to breathe. */
const JOINS_AT_ONCE = 3;
const JOINS_IN_A_ROW = 6;
/** An event loop that was never delayed by more than this for a second belongs to a machine that keeps up. */
const CALM_DELAY_MS = 150;
const CALM_LOOK_MS = 1_000;
const CALM_LIMIT_MS = 15_000;

/** How hard the machine had to work, so that figures of a machine at its limit are not taken for the protocol's. */
export interface Effort {
  readonly beginSeconds: number;
  /** Cores used on average from the first quiet moment on. */
  readonly cores: number;
  readonly worstLoopDelayMs: number;
  /** Joins of the script that did not succeed. */
  readonly failedJoins: number;
}

/** Real nodes in real processes; the pairs are connected before the measurement begins. */
export class RealRing implements RingUnderTest {
  readonly #lab: RingLab;
  readonly #signal: AbortSignal;
  readonly #going: Promise<void>[] = [];
  #beginSeconds = 0;
  #cpuMs = 0;
  #sinceMs = 0;
  #failedJoins = 0;
  #effort: Effort | undefined;

  constructor(options: {
    readonly nodes: number;
    readonly processes: number;
    readonly seed: number;
    readonly rttMs: number;
    readonly timing: Partial<RingTiming>;
    readonly signal: AbortSignal;
  }) {
    const { nodes, processes, seed, timing } = options;
    this.#lab = new RingLab({
      ...{ nodes, processes, seed, timing, hosts: 'bare' },
      link: { delayMs: options.rttMs / 2 },
    });
    this.#signal = options.signal;
  }

  get nowMs(): number {
    return monotonicMs();
  }

  /** Known after `end`. */
  get effort(): Effort | undefined {
    return this.#effort;
  }

  async begin(members: number): Promise<void> {
    const beginMs = monotonicMs();
    const lab = this.#lab;
    await lab.start();
    for (let first = 0; first < members; first += JOINS_IN_A_ROW) {
      const count = Math.min(JOINS_IN_A_ROW, members - first);
      await lab.joinAll(
        Array.from({ length: count }, (_, i) => first + i),
        JOINS_AT_ONCE,
      );
      await this.#breathe();
    }
    await lab.until('all pairs connected', async () => this.#isWarm(members), BEGIN_LIMIT_MS);
    await lab.until('equal tables', async () => lab.tablesRight(), BEGIN_LIMIT_MS);
    this.#beginSeconds = (monotonicMs() - beginMs) / 1_000;
    const usage = await lab.usage();
    this.#cpuMs = usage.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    this.#sinceMs = monotonicMs();
  }

  async waitUntil(timeMs: number): Promise<void> {
    const leftMs = timeMs - monotonicMs();
    if (leftMs > 0) await sleep(leftMs, undefined, { signal: this.#signal });
  }

  join(node: number): void {
    const joined = this.#lab.join(node).then(
      () => undefined,
      () => {
        this.#failedJoins += 1;
      },
    );
    this.#going.push(joined);
  }

  leave(node: number): void {
    this.#going.push(this.#lab.leave(node));
  }

  async crash(node: number): Promise<number> {
    return this.#lab.vanish(node);
  }

  positionOf(node: number): string {
    return this.#lab.identity(node).edge.nid;
  }

  async receivedBytes(): Promise<ReceivedBytes> {
    return this.#lab.receivedBytes();
  }

  async changes(): Promise<readonly TableChange[]> {
    return this.#lab.changes();
  }

  async end(): Promise<void> {
    try {
      await Promise.all(this.#going);
      await this.#measureEffort();
    } finally {
      await this.#lab.stop();
    }
  }

  /** Waits until the machine keeps up, or for as long as is reasonable. */
  async #breathe(): Promise<void> {
    const endMs = monotonicMs() + CALM_LIMIT_MS;
    let worstMs = Infinity;
    await this.#lab.usage();
    while (worstMs > CALM_DELAY_MS && monotonicMs() < endMs) {
      await sleep(CALM_LOOK_MS, undefined, { signal: this.#signal });
      const usage = await this.#lab.usage();
      worstMs = usage.reduce((worst, { loopDelayMs }) => Math.max(worst, loopDelayMs), 0);
    }
  }

  async #measureEffort(): Promise<void> {
    if (this.#sinceMs === 0) return;
    const usage = await this.#lab.usage();
    const cpuMs = usage.reduce((sum, each) => sum + each.cpuMs, 0) - this.#cpuMs;
    this.#effort = {
      beginSeconds: this.#beginSeconds,
      cores: cpuMs / (monotonicMs() - this.#sinceMs),
      worstLoopDelayMs: usage.reduce((worst, each) => Math.max(worst, each.loopDelayMs), 0),
      failedJoins: this.#failedJoins,
    };
  }

  async #isWarm(members: number): Promise<boolean> {
    this.#signal.throwIfAborted();
    const stats = await this.#lab.stats();
    const open = [...stats.values()].reduce((sum, { keptStreams }) => sum + keptStreams, 0);
    return open >= (1 - COLD_SHARE) * members * (members - 1);
  }
}
