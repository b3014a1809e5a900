import { ChainError } from '../../sdk/chain/chain-errors.ts';
import { postPeerRoot } from '../../sdk/chain/peer-pool.ts';
import type { TransactionSender } from '../../sdk/chain/transactions.ts';
import type { DealId } from '../../sdk/protocol/identifiers.ts';
import { isYounger, type Clock } from '../../sdk/pacing/clock.ts';
import type { Database } from '../database/database.ts';
import { readDealsWithPeers, readPeerMeters } from '../database/peer-ledger.ts';
import { findPeerPool } from '../database/peer-pools.ts';
import { MAX_POSTED_DEALS, PEER_ROOT_POLL_MS } from '../limits.ts';
import { Rounds } from '../../sdk/pacing/rounds.ts';
import { earnedInAll } from './peer-earnings.ts';
import type { PeerRoots } from './peer-roots.ts';

interface PostingComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly roots: PeerRoots;
  /** An account with gas; it is no key of any deal. */
  readonly sender: TransactionSender;
  readonly onPosted: (dealId: DealId, sequence: number) => void;
  /** Told what kept a root from being posted; peers can post it themselves meanwhile. */
  readonly onFailure: (dealId: DealId | undefined, failure: unknown) => void;
}

/** A posted root shows in the index a moment later: so long it is not posted again. */
const INDEXING_MS = 30_000;

/** Posts due roots at the coordinator's own expense, so that peers need gas for their claims only. */
export class PeerRootPosting {
  readonly #components: PostingComponents;
  readonly #posted = new Map<DealId, { readonly sequence: number; readonly atMs: number }>();
  readonly #rounds: Rounds;

  constructor(components: PostingComponents, options: { pollMs?: number } = {}) {
    this.#components = components;
    const { clock, onFailure } = components;
    const pollMs = options.pollMs ?? PEER_ROOT_POLL_MS;
    this.#rounds = new Rounds(
      {
        clock,
        round: (signal) => this.#round(signal),
        onFailure: (failure) => onFailure(undefined, failure),
      },
      { pauseMs: () => pollMs },
    );
  }

  start(): void {
    this.#rounds.start();
  }

  /** Ends the loop and the connection of its sender. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    this.#components.sender.provider.destroy();
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { database, onFailure } = this.#components;
    for (const dealId of await readDealsWithPeers(database.read, MAX_POSTED_DEALS)) {
      if (signal.aborted) return;
      await this.#post(dealId, signal).catch((failure: unknown) => {
        if (!signal.aborted) onFailure(dealId, failure);
      });
    }
  }

  async #post(dealId: DealId, signal: AbortSignal): Promise<void> {
    const { database, clock, roots, sender, onPosted } = this.#components;
    const pool = await findPeerPool(database.read, dealId);
    const earnedWei = earnedInAll(await readPeerMeters(database.read, dealId));
    if (pool === undefined || earnedWei <= pool.postedWei) return;
    const { pending } = await roots.standing(dealId);
    if (pending === undefined) return;
    const { sequence } = pending.statement;
    const last = this.#posted.get(dealId);
    if (last?.sequence === sequence && isYounger(last.atMs, clock.nowMs(), INDEXING_MS)) return;
    try {
      await postPeerRoot(sender, pending, signal);
    } catch (failure) {
      // A peer was quicker: the index will show it.
      if (!(failure instanceof ChainError) || failure.values['error'] !== 'PeerRootOutOfOrder') throw failure;
    }
    this.#posted.set(dealId, { sequence, atMs: clock.nowMs() });
    onPosted(dealId, sequence);
  }
}
