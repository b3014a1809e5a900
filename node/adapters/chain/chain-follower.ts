import { pause } from '../../../sdk/pacing/pause.ts';
import type { Clock } from '../clock/system-clock.ts';
import type { ChainHead, ChainNews, ChainReader } from './chain-reader.ts';

/** Blocks in one request for events; public endpoints refuse more. */
const MAX_BLOCKS_PER_REQUEST = 2_000;
/** Hashes of followed blocks that are kept to find where a reorganised chain forked. */
const MAX_MARKS = 64;
/** When none of them is left in the chain, so many blocks before the oldest one are read again, too. */
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

/** A followed block and its hash at that time. */
export interface BlockMark {
  readonly block: number;
  readonly hash: string;
}

/** Who is told; promises are awaited before the next look, so nothing piles up. */
export interface ChainFollowerListener {
  /** Events of a span of blocks, in order; the span counts as seen when this resolves. */
  onNews(news: readonly ChainNews[], head: ChainHead): Promise<void>;
  /** The newest block, at every look. */
  onHead(head: ChainHead): void;
  /** Everything before this block was told; the block before it had this hash if it was the newest one. */
  onFollowed(nextBlock: number, mark: BlockMark | undefined): void;
  /** The chain has other blocks from this one on: what was told of them is void, and they are told again. */
  onFork(fromBlock: number): Promise<void>;
  /** The chain came, or came back. */
  onConnected(): Promise<void>;
  /** The chain went away. */
  onLost(reason: unknown): void;
}

/** Follows the chain block by block and survives its absence. */
export class ChainFollower {
  readonly #reader: Pick<ChainReader, 'head' | 'hashOf' | 'news'>;
  readonly #clock: Clock;
  readonly #listener: ChainFollowerListener;
  readonly #pollMs: number;
  #nextBlock: number;
  /** Newest first. */
  #marks: readonly BlockMark[];
  #headHash: string | undefined;
  #condition: ChainCondition;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    components: {
      reader: Pick<ChainReader, 'head' | 'hashOf' | 'news'>;
      clock: Clock;
      listener: ChainFollowerListener;
    },
    options: { fromBlock: number; marks?: readonly BlockMark[]; pollMs?: number },
  ) {
    this.#reader = components.reader;
    this.#clock = components.clock;
    this.#listener = components.listener;
    this.#pollMs = options.pollMs ?? DEFAULT_POLL_MS;
    this.#nextBlock = options.fromBlock;
    this.#marks = options.marks ?? [];
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
    if (head.hash === this.#headHash) return;
    await this.#findFork(head);
    while (this.#nextBlock <= head.block) {
      const last = Math.min(head.block, this.#nextBlock + MAX_BLOCKS_PER_REQUEST - 1);
      const news = await this.#reader.news(this.#nextBlock, last);
      if (news.length > 0) await this.#listener.onNews(news, head);
      this.#nextBlock = last + 1;
      this.#listener.onFollowed(this.#nextBlock, last === head.block ? this.#mark(head) : undefined);
    }
    this.#headHash = head.hash;
  }

  #mark({ block, hash }: ChainHead): BlockMark {
    this.#marks = [{ block, hash }, ...this.#marks].slice(0, MAX_MARKS);
    return { block, hash };
  }

  /** Goes back to where the chain still has the blocks that were followed. */
  async #findFork(head: ChainHead): Promise<void> {
    const [newest] = this.#marks;
    if (newest === undefined && head.block + 1 < this.#nextBlock) {
      this.#nextBlock = Math.max(0, head.block - REORGANISED_BLOCKS);
    }
    if (newest === undefined || (await this.#has(newest))) return;
    let forked = newest;
    let kept: BlockMark | undefined;
    for (const mark of this.#marks.slice(1)) {
      kept = (await this.#has(mark)) ? mark : undefined;
      if (kept !== undefined) break;
      forked = mark;
    }
    const fromBlock = kept === undefined ? Math.max(0, forked.block - REORGANISED_BLOCKS) : kept.block + 1;
    await this.#listener.onFork(fromBlock);
    this.#marks = this.#marks.filter(({ block }) => block < fromBlock);
    this.#nextBlock = Math.min(this.#nextBlock, fromBlock);
  }

  async #has({ block, hash }: BlockMark): Promise<boolean> {
    return (await this.#reader.hashOf(block)) === hash;
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
