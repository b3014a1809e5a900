import type { Clock } from '../clock/system-clock.ts';
import type { ChainHead } from './chain-reader.ts';

/** How far the chain may be ahead of this machine before the machine's clock is trusted more. */
const MAX_LEAD_MS = 120_000;
/** Development chains give every block a later second, however many there are, and so run ahead. */
export const DEVELOPMENT_CHAIN_ID = 31_337n;

/**
 * The time by which epochs are counted. The contracts count them by block time: so it is the time of the newest block
 * plus what has passed since it was seen, and never behind this machine's clock, which the next block will carry.
 */
export class ChainClock implements Clock {
  readonly #clock: Clock;
  readonly #maxLeadMs: number;
  #leadMs = 0;
  #block = -1;

  constructor(components: { clock: Clock }, options: { chainId: bigint }) {
    this.#clock = components.clock;
    this.#maxLeadMs = options.chainId === DEVELOPMENT_CHAIN_ID ? Infinity : MAX_LEAD_MS;
  }

  /** Milliseconds that the chain is ahead; 0 when it is not, or by more than can be right. */
  get leadMs(): number {
    return this.#leadMs;
  }

  /** Whether the lead is one that a development chain has by its nature. */
  get leadIsExpected(): boolean {
    return this.#maxLeadMs === Infinity;
  }

  /** Takes note of the newest block. */
  observe(head: Pick<ChainHead, 'block' | 'timestampSeconds'>): void {
    if (head.block === this.#block) return;
    this.#block = head.block;
    const leadMs = head.timestampSeconds * 1000 - this.#clock.nowMs();
    this.#leadMs = leadMs > 0 && leadMs <= this.#maxLeadMs ? leadMs : 0;
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.#leadMs;
  }
}
