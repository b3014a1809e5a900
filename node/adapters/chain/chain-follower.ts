import type { Clock } from '../clock/system-clock.ts';
import type { ChainHead, ChainNews, ChainReader } from './chain-reader.ts';

/** Blocks in one request for events; public endpoints refuse more. */
const MAX_BLOCKS_PER_REQUEST = 2_000;
/** When the chain got shorter, so many of its blocks are read again. */
const REORGANISED_BLOCKS = 64;
/** Time between looks at the head of the chain. */
const DEFAULT_POLL_MS = 500;
/** While the chain is away the pause doubles up to this. */
const MAX_PAUSE_MS = 5_000;

/** How the chain is doing. */
export interface ChainCondition {
  readonly state: 'connecting' | 'connected' | 'lost';
  /** Milliseconds since 1970 at which this state began. */
  readonly sinceMs: number;
  readonly block: number | undefined;
  /** Chain time minus own time; negative when the newest block is old. */
  readonly driftMs: number | undefined;
  readonly reason: string | undefined;
}

/** Who is told; promises are awaited before the next look, so nothing piles up. */
export interface ChainFollowerListener {
  /** Events of a span of blocks, in order; the span counts as seen when this resolves. */
  onNews(news: readonly ChainNews[], head: ChainHead): Promise<void>;
  /** The newest block, at every look. */
  onHead(head: ChainHead): void;
  /** Everything before this block was told. */
  onFollowed(nextBlock: number): void;
  /** The chain came, or came back. */
  onConnected(): Promise<void>;
  /** The chain went away. */
  onLost(reason: unknown): void;
}

/** Follows the chain block by block and survives its absence. */
export class ChainFollower {
  readonly #reader: ChainReader;
  readonly #clock: Clock;
  readonly #listener: ChainFollowerListener;
  readonly #pollMs: number;
  #nextBlock: number;
  #condition: ChainCondition;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    components: { reader: ChainReader; clock: Clock; listener: ChainFollowerListener },
    options: { fromBlock: number; pollMs?: number },
  ) {
    this.#reader = components.reader;
    this.#clock = components.clock;
    this.#listener = components.listener;
    this.#pollMs = options.pollMs ?? DEFAULT_POLL_MS;
    this.#nextBlock = options.fromBlock;
    this.#condition = {
      state: 'connecting',
      sinceMs: components.clock.nowMs(),
      block: undefined,
      driftMs: undefined,
      reason: undefined,
    };
  }

  get condition(): ChainCondition {
    return this.#condition;
  }

  start(): void {
    this.#stopping = new AbortController();
    this.#running ??= this.#follow(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#running = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let pauseMs = this.#pollMs;
    while (!signal.aborted) {
      try {
        await this.#look();
        pauseMs = this.#pollMs;
      } catch (error) {
        this.#lose(error);
        pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
      }
      await pause(pauseMs, signal);
    }
  }

  async #look(): Promise<void> {
    const head = await this.#reader.head();
    if (head === undefined) return;
    this.#listener.onHead(head);
    if (this.#condition.state !== 'connected') {
      await this.#listener.onConnected();
      this.#condition = {
        ...this.#condition,
        state: 'connected',
        sinceMs: this.#clock.nowMs(),
        reason: undefined,
      };
    }
    const driftMs = head.timestampSeconds * 1000 - this.#clock.nowMs();
    this.#condition = { ...this.#condition, block: head.block, driftMs };
    if (head.block + 1 < this.#nextBlock) this.#nextBlock = Math.max(0, head.block - REORGANISED_BLOCKS);
    while (this.#nextBlock <= head.block) {
      const last = Math.min(head.block, this.#nextBlock + MAX_BLOCKS_PER_REQUEST - 1);
      const news = await this.#reader.news(this.#nextBlock, last);
      if (news.length > 0) await this.#listener.onNews(news, head);
      this.#nextBlock = last + 1;
      this.#listener.onFollowed(this.#nextBlock);
    }
  }

  #lose(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#condition.state === 'connected' || this.#condition.reason === undefined) {
      this.#listener.onLost(error);
    }
    const began = this.#condition.state === 'lost' ? this.#condition.sinceMs : this.#clock.nowMs();
    this.#condition = { ...this.#condition, state: 'lost', sinceMs: began, reason };
  }
}

/** Waits, or returns early when the signal is given. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}
