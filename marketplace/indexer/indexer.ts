import type { Clock } from '../../sdk/pacing/clock.ts';
import { describeFailure, MarketplaceError, type MarketplaceErrorCode } from '../errors.ts';
import { MAX_RECONNECT_DELAY_MS, POLL_INTERVAL_MS } from '../limits.ts';
import { Rounds } from '../../sdk/pacing/rounds.ts';
import type { ChainFollower } from './chain-follower.ts';

/** What the indexer tells about a step that deserves a line in the log. */
export interface IndexerNotice {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** The chain's newest block and when this process first saw it. */
export interface ChainHead {
  readonly number: number;
  readonly timestampSeconds: number;
  readonly seenAtMs: number;
}

/** How far the index is and, if it does not advance, why and since when. */
export interface IndexerState {
  readonly status: 'starting' | 'catching-up' | 'following' | 'unreachable' | 'refused' | 'failing';
  readonly sinceMs: number;
  /** Last answer of the chain; undefined before the first. */
  readonly lastContactMs: number | undefined;
  readonly head: ChainHead | undefined;
  readonly indexedBlock: number | undefined;
  readonly blocksBehind: number | undefined;
  readonly rollbacks: number;
  readonly failure:
    { readonly code: MarketplaceErrorCode; readonly message: string; readonly remedy: string } | undefined;
}

interface IndexerComponents {
  readonly follower: ChainFollower;
  readonly clock: Clock;
  readonly notice: (notice: IndexerNotice) => void;
}

/** Keeps the follower stepping, at intervals while level with the chain, without pause while behind it. */
export class Indexer {
  readonly #components: IndexerComponents;
  readonly #pollIntervalMs: number;
  readonly #rounds: Rounds;
  #state: IndexerState;

  constructor(components: IndexerComponents, options: { pollIntervalMs?: number } = {}) {
    this.#components = components;
    this.#pollIntervalMs = options.pollIntervalMs ?? POLL_INTERVAL_MS;
    this.#state = {
      status: 'starting',
      sinceMs: components.clock.nowMs(),
      lastContactMs: undefined,
      head: undefined,
      indexedBlock: undefined,
      blocksBehind: undefined,
      rollbacks: 0,
      failure: undefined,
    };
    this.#rounds = new Rounds(
      {
        clock: components.clock,
        round: (signal) => this.#round(signal),
        onFailure: () => this.#tellFailure(),
      },
      { pauseMs: (failures) => this.#pauseMs(failures) },
    );
  }

  get state(): IndexerState {
    return this.#state;
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(signal: AbortSignal): Promise<void> {
    try {
      await this.#step(signal);
    } catch (failure) {
      if (!signal.aborted) this.#failed(failure);
      throw failure;
    }
  }

  /** Behind the chain it is a turn of the event loop, so that the API keeps answering. */
  #pauseMs(failures: number): number {
    if (failures > 0)
      return Math.min(this.#pollIntervalMs * 2 ** Math.min(failures, 10), MAX_RECONNECT_DELAY_MS);
    return this.#state.status === 'following' ? this.#pollIntervalMs : 0;
  }

  async #step(signal: AbortSignal): Promise<void> {
    const step = await this.#components.follower.step(signal);
    const nowMs = this.#components.clock.nowMs();
    const indexedBlock = step.tip?.number;
    const blocksBehind = step.head.number - (indexedBlock ?? -1);
    const status = blocksBehind === 0 || indexedBlock === step.head.number ? 'following' : 'catching-up';
    const known = this.#state.head;
    const isKnown =
      known?.number === step.head.number && known.timestampSeconds === step.head.timestampSeconds;
    const recovered = this.#state.failure !== undefined;
    this.#state = {
      status,
      sinceMs: status === this.#state.status ? this.#state.sinceMs : nowMs,
      lastContactMs: nowMs,
      head: isKnown
        ? known
        : { number: step.head.number, timestampSeconds: step.head.timestampSeconds, seenAtMs: nowMs },
      indexedBlock,
      blocksBehind,
      rollbacks: this.#state.rollbacks + (step.rolledBackTo === undefined ? 0 : 1),
      failure: undefined,
    };
    if (recovered) this.#tell('info', 'The chain answers again.', { block: step.head.number });
    if (step.replaced)
      this.#tell('warn', 'The chain was replaced; the index of the old one was forgotten.', {});
    if (step.rolledBackTo !== undefined && !step.replaced) {
      this.#tell('warn', 'The chain was reorganised; blocks above the common ancestor were taken back.', {
        ancestor: step.rolledBackTo,
      });
    }
  }

  #failed(failure: unknown): void {
    const { follower, clock } = this.#components;
    follower.forgetIdentity();
    const coded =
      failure instanceof MarketplaceError
        ? failure
        : new MarketplaceError('INTERNAL', `Indexing failed: ${describeFailure(failure)}.`, {}, failure);
    const refused = coded.code === 'CHAIN_REPLACED' || coded.code === 'CHAIN_MISMATCH';
    const status = refused ? 'refused' : coded.code === 'CHAIN_UNREACHABLE' ? 'unreachable' : 'failing';
    const isNew = this.#state.failure?.code !== coded.code;
    this.#state = {
      ...this.#state,
      status,
      sinceMs: isNew ? clock.nowMs() : this.#state.sinceMs,
      failure: { code: coded.code, message: coded.message, remedy: coded.remedy },
    };
  }

  #tellFailure(): void {
    const { failure } = this.#state;
    if (failure !== undefined)
      this.#tell('warn', failure.message, { code: failure.code, remedy: failure.remedy });
  }

  #tell(level: IndexerNotice['level'], message: string, values: IndexerNotice['values']): void {
    this.#components.notice({ level, message, values });
  }
}
