import { requireChain } from '../../sdk/chain/provider.ts';
import type { DealId } from '../../sdk/protocol/identifiers.ts';
import type { OwnDeal } from '../adapters/chain/cached-deal-directory.ts';
import {
  ChainFollower,
  type BlockMark,
  type ChainCondition,
  type ChainFollowerListener,
} from '../adapters/chain/chain-follower.ts';
import type { ChainHead, ChainNews } from '../adapters/chain/chain-reader.ts';
import type { NodeConfig } from './config/config-file.ts';
import type { Settings } from './config/settings.ts';
import type { Foundation } from './foundation.ts';
import { reportOf } from './node-error.ts';
import { noteClaimRecord } from './settlement/claim-notes.ts';

/** Blocks between two notes of how far the chain was followed, when nothing happened in them. */
const BLOCKS_PER_NOTE = 50;

/** Who wants to know. */
export interface ChainWatchers {
  /** A deal that allocates this node is new or changed. */
  onDeal(own: OwnDeal): void;
  /** The registry snapshot is newer. */
  onRegistry(): void;
}

/** What the watch reads and writes. */
export type ChainWatchParts = Pick<
  Foundation,
  'node' | 'clock' | 'chainClock' | 'log' | 'provider' | 'reader' | 'registry' | 'directory' | 'store'
> & {
  readonly config: Pick<NodeConfig, 'deployment'> & { readonly settings: Pick<Settings, 'rpcUrl'> };
};

type Payment = Extract<ChainNews, { kind: 'payment' }>;

/** Keeps deals, payments and the registry as the chain says, over restarts and absences of the chain. */
export class ChainWatch implements ChainFollowerListener {
  readonly #foundation: ChainWatchParts;
  readonly #watchers: ChainWatchers;
  readonly #follower: ChainFollower;
  readonly #anchor: string;
  #notedBlock: number;

  constructor(foundation: ChainWatchParts, watchers: ChainWatchers) {
    const { deployment } = foundation.config;
    this.#foundation = foundation;
    this.#watchers = watchers;
    this.#anchor = `${deployment.chainId.toString()} ${deployment.market}`;
    this.#notedBlock = foundation.store.nextBlock(this.#anchor) ?? deployment.deployedAtBlock;
    const { reader, clock } = foundation;
    // Marks of another network, or of before this version, lead nowhere.
    const known = foundation.store.nextBlock(this.#anchor) !== undefined;
    this.#follower = new ChainFollower(
      { reader, clock, listener: this },
      { fromBlock: this.#notedBlock, marks: known ? foundation.store.followedBlocks() : [] },
    );
  }

  get condition(): ChainCondition {
    return this.#follower.condition;
  }

  start(): void {
    this.#follower.start();
  }

  async stop(): Promise<void> {
    await this.#follower.stop();
  }

  async onConnected(): Promise<void> {
    const { provider, config, store, reader, log } = this.#foundation;
    const { deployment, settings } = config;
    await requireChain(provider, { url: settings.rpcUrl, chainId: deployment.chainId });
    store.noteTerms(await reader.terms());
    await this.#refreshRegistry();
    const deals = await this.#refreshDeals();
    log.info({ url: settings.rpcUrl, deals }, 'Connected to the chain');
  }

  onHead(head: ChainHead): void {
    this.#foundation.chainClock.observe(head);
  }

  onLost(reason: unknown): void {
    const { code, message } = reportOf(reason);
    this.#foundation.log.warn({ code, reason: message }, 'The chain is away; receipts are kept');
  }

  async onNews(news: readonly ChainNews[]): Promise<void> {
    const { node, directory } = this.#foundation;
    const changed = new Set<DealId>();
    for (const item of news) {
      if (item.kind === 'payment' && item.node === node) await this.#notePayment(item);
      if (item.kind === 'claim' && item.node === node) await this.#noteClaim(item.dealId);
      if (item.kind !== 'deal') continue;
      const concernsDeal = item.node === undefined && directory.known(item.dealId) !== undefined;
      if (item.node === node || concernsDeal) changed.add(item.dealId);
    }
    for (const dealId of changed) await this.#refreshDeal(dealId);
    if (news.some(({ kind }) => kind === 'registry')) await this.#refreshRegistry();
    this.#notedBlock = -Infinity;
  }

  onFollowed(nextBlock: number, mark: BlockMark | undefined): void {
    if (nextBlock - this.#notedBlock < BLOCKS_PER_NOTE && nextBlock >= this.#notedBlock) return;
    const { store } = this.#foundation;
    store.noteNextBlock(this.#anchor, nextBlock);
    if (mark !== undefined) store.noteFollowedBlock(mark.block, mark.hash);
    this.#notedBlock = nextBlock;
  }

  /** Payments of vanished blocks are forgotten and read again; claims and allocations are as the chain has them now. */
  async onFork(fromBlock: number): Promise<void> {
    const { store, log } = this.#foundation;
    const touched = store.rollBack(fromBlock);
    this.#notedBlock = -Infinity;
    log.warn({ fromBlock, deals: touched.length }, 'The chain was reorganised; its blocks are read again');
    await this.#refreshDeals();
    await this.#refreshRegistry();
  }

  async #refreshDeals(): Promise<number> {
    const { store, directory } = this.#foundation;
    const known = new Set(
      [...store.deals(), ...directory.own().map(({ deal }) => deal)].map((deal) => deal.dealId),
    );
    for (const dealId of known) await this.#refreshDeal(dealId);
    for (const dealId of new Set(store.claims().map((claim) => claim.dealId))) await this.#noteClaim(dealId);
    return known.size;
  }

  async #noteClaim(dealId: DealId): Promise<void> {
    const { reader, node, store } = this.#foundation;
    const claim = await reader.claim(dealId, node);
    if (claim !== undefined) noteClaimRecord(store, claim);
  }

  async #refreshRegistry(): Promise<void> {
    await this.#foundation.registry.refresh();
    this.#watchers.onRegistry();
  }

  async #refreshDeal(dealId: DealId): Promise<void> {
    const own = await this.#foundation.directory.refresh(dealId);
    if (own === undefined) return;
    const { publisher, contentRoot, contentCodec } = own.deal;
    const { ratePerGiB } = own.allocation;
    this.#foundation.store.noteDeal({ dealId, publisher, contentRoot, contentCodec, ratePerGiB });
    this.#watchers.onDeal(own);
  }

  async #notePayment(payment: Payment): Promise<void> {
    const { reader, store, clock } = this.#foundation;
    const atSeconds = (await reader.timeOf(payment.block)) ?? Math.floor(clock.nowMs() / 1000);
    store.notePayment({ ...payment, atSeconds });
  }
}
