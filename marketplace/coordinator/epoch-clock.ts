import { epochAt, epochEndsAt } from '../../sdk/protocol/epoch.ts';
import { parseEpoch, type Epoch } from '../../sdk/protocol/identifiers.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import { MarketplaceError } from '../errors.ts';
import type { ChainHead, IndexerState } from '../indexer/indexer.ts';
import { MAX_CHAIN_SILENCE_MS, NEXT_EPOCH_MIN_SECONDS, NEXT_EPOCH_SHARE } from '../limits.ts';

export interface EpochMoment {
  readonly epoch: Epoch;
  /** Time of the chain, Unix seconds. */
  readonly chainSeconds: number;
  /** Milliseconds until the epoch ends. */
  readonly endsInMs: number;
  readonly epochSeconds: number;
  /** End of the epoch on the wall clock of this machine, Unix seconds with milliseconds. */
  readonly endsAtWallSeconds: number;
  /** Whether grants of the next epoch are issued already. */
  readonly nextIsOpen: boolean;
}

interface EpochClockComponents {
  readonly clock: Clock;
  readonly chain: () => Pick<IndexerState, 'head' | 'lastContactMs'>;
  readonly epochSeconds: () => Promise<number | undefined>;
}

/**
 * The epoch of now. Contracts count epochs by block time, so that is what counts here: the time of the newest
 * block plus the time since it was first seen, and never behind the wall clock, which is what the next block will
 * carry on an idle chain. A development chain may run ahead of the wall clock; elsewhere a difference above
 * `maxDriftSeconds` means that one of the two is wrong, and nothing is signed.
 */
export class EpochClock {
  readonly #components: EpochClockComponents;
  readonly #maxDriftSeconds: number | undefined;

  /** @param options.maxDriftSeconds undefined on development chains, whose time may be moved */
  constructor(components: EpochClockComponents, options: { maxDriftSeconds: number | undefined }) {
    this.#components = components;
    this.#maxDriftSeconds = options.maxDriftSeconds;
  }

  /**
   * The epoch as far as it can be told, also while the chain is silent; undefined before the chain was heard at all.
   * Good for refusing what is past, never for signing.
   */
  async estimate(): Promise<{ runningEpoch: Epoch; epochSeconds: number } | undefined> {
    const epochSeconds = await this.#components.epochSeconds();
    if (epochSeconds === undefined) return undefined;
    const { head } = this.#components.chain();
    const nowMs = this.#components.clock.nowMs();
    const chainMs = head === undefined ? 0 : chainMsAt(head, nowMs);
    return { runningEpoch: epochAt(Math.max(chainMs, nowMs) / 1000, epochSeconds), epochSeconds };
  }

  /** @throws MarketplaceError NOT_INDEXED_YET, CHAIN_STALE, CLOCK_DRIFT */
  async now(): Promise<EpochMoment> {
    const { clock, chain } = this.#components;
    const { head, lastContactMs } = chain();
    const epochSeconds = await this.#components.epochSeconds();
    if (head === undefined || lastContactMs === undefined || epochSeconds === undefined) {
      throw new MarketplaceError('NOT_INDEXED_YET', 'The marketplace has not heard from the chain yet.');
    }
    const nowMs = clock.nowMs();
    if (nowMs - lastContactMs > MAX_CHAIN_SILENCE_MS) {
      throw new MarketplaceError(
        'CHAIN_STALE',
        'The chain has not answered for too long to know the epoch.',
        {
          silentMs: nowMs - lastContactMs,
          maxSilentMs: MAX_CHAIN_SILENCE_MS,
        },
      );
    }
    const chainSeconds = chainMsAt(head, nowMs) / 1000;
    const driftSeconds = chainSeconds - nowMs / 1000;
    if (this.#maxDriftSeconds !== undefined && Math.abs(driftSeconds) > this.#maxDriftSeconds) {
      throw new MarketplaceError(
        'CLOCK_DRIFT',
        'The clock of this machine and the time of the chain differ too much.',
        {
          driftSeconds: Math.round(driftSeconds),
          maxDriftSeconds: this.#maxDriftSeconds,
        },
      );
    }
    return momentOf(Math.max(chainSeconds, nowMs / 1000), epochSeconds, nowMs);
  }
}

/** Time of the chain: never before its newest block, also where the clock of the wall was set back since that was seen. */
function chainMsAt(head: ChainHead, nowMs: number): number {
  return head.timestampSeconds * 1000 + Math.max(0, nowMs - head.seenAtMs);
}

/** The epoch at a time of the chain, seen from a wall clock. */
export function momentOf(chainSeconds: number, epochSeconds: number, wallMs: number): EpochMoment {
  const epoch = parseEpoch(epochAt(chainSeconds, epochSeconds));
  const endsInMs = Math.max(0, Math.round((epochEndsAt(epoch, epochSeconds) - chainSeconds) * 1000));
  const opensBeforeEndSeconds = Math.max(
    epochSeconds * NEXT_EPOCH_SHARE,
    Math.min(NEXT_EPOCH_MIN_SECONDS, epochSeconds / 2),
  );
  return {
    epoch,
    chainSeconds,
    endsInMs,
    epochSeconds,
    endsAtWallSeconds: (wallMs + endsInMs) / 1000,
    nextIsOpen: endsInMs <= opensBeforeEndSeconds * 1000,
  };
}
