import type { Foundation } from '../foundation.ts';
import { untilItWorks } from '../retry.ts';
import type { RingNode } from './ring-node.ts';

export interface RingReturnTies {
  readonly ring: Pick<RingNode, 'rejoin'>;
  /** Multiaddrs of edges to join through. */
  seeds(): readonly string[];
  /** The edge is in the ring again, with an empty index. */
  onReturned(): void;
}

/**
 * Takes an edge back into the ring: one whose stake fell below the minimum is dropped by the others, and nobody lets it in
 * again by itself when the stake is there once more.
 */
export class RingReturn {
  readonly #foundation: Pick<Foundation, 'registry' | 'node' | 'log'>;
  readonly #ties: RingReturnTies;
  readonly #signal: AbortSignal;
  #dropped = false;
  #returning: Promise<void> | undefined;

  constructor(
    foundation: Pick<Foundation, 'registry' | 'node' | 'log'>,
    ties: RingReturnTies,
    signal: AbortSignal,
  ) {
    this.#foundation = foundation;
    this.#ties = ties;
    this.#signal = signal;
  }

  /** The registry was read again. */
  registryRefreshed(): void {
    const { registry, node } = this.#foundation;
    if (registry.nodeOf(node)?.active !== true) {
      this.#dropped = true;
      return;
    }
    if (!this.#dropped || this.#returning !== undefined) return;
    this.#dropped = false;
    this.#returning = this.#return().finally(() => {
      this.#returning = undefined;
    });
  }

  /** Resolves when no return is under way; the signal ends one. */
  async idle(): Promise<void> {
    await this.#returning;
  }

  /** Never rejects. */
  async #return(): Promise<void> {
    const { log } = this.#foundation;
    try {
      await untilItWorks(() => this.#ties.ring.rejoin(this.#ties.seeds()), {
        signal: this.#signal,
        onTrouble: (report) => {
          if (report !== undefined)
            log.warn({ code: report.code }, 'The ring has not taken the edge back yet');
        },
      });
      log.info('The edge is active again and back in the ring');
      this.#ties.onReturned();
    } catch (error) {
      if (!this.#signal.aborted) log.error({ error }, 'The edge could not return to the ring');
    }
  }
}
