import type { Address } from '../protocol/identifiers.ts';
import type { BlockSource } from './block-source.ts';
import { MAX_REFUSAL_PAUSE_MS, REFUSAL_PAUSE_MS, SUSPICIOUS_SILENCE_MS } from './client-limits.ts';
import type { DropReason } from './fetch-report.ts';

/** A node that blocks are asked of: what is under way, and what went wrong since it last served. */
export class ExchangeSource {
  readonly node: Address;
  readonly blocks: BlockSource;
  readonly stop = new AbortController();
  /** Blocks that it was asked for, and when. */
  readonly underWay = new Map<string, number>();
  failures = 0;
  refusals = 0;
  creditRefusals = 0;
  /** What went wrong when it was last asked; undefined once it has served again. */
  lastFailure: string | undefined;

  constructor(node: Address, blocks: BlockSource) {
    this.node = node;
    this.blocks = blocks;
  }

  /** It has delivered what it was asked for. */
  served(): void {
    this.failures = this.refusals = this.creditRefusals = 0;
    this.lastFailure = undefined;
  }

  /** How long it is left alone after a failure or refusal, ms: twice as long for each in a row. */
  get restMs(): number {
    const inARow = Math.max(1, this.refusals + this.failures);
    return Math.min(MAX_REFUSAL_PAUSE_MS, REFUSAL_PAUSE_MS * 2 ** (inARow - 1));
  }

  /** What is wrong with it at this moment; undefined for one that serves. */
  ailment(nowMs: number): { readonly reason: DropReason; readonly detail: string } | undefined {
    const silentMs = nowMs - Math.min(nowMs, ...this.underWay.values());
    if (silentMs >= SUSPICIOUS_SILENCE_MS) {
      return { reason: 'stalled', detail: `silent for ${Math.round(silentMs)} ms` };
    }
    return this.lastFailure === undefined ? undefined : { reason: 'unreachable', detail: this.lastFailure };
  }
}
