import { LRUCache } from 'lru-cache';
import type { CID } from 'multiformats/cid';
import * as dagPb from '@ipld/dag-pb';

import { contentRootOf, DAG_PB_CODEC } from '../../sdk/protocol/content.ts';
import type { BlockStore } from '../adapters/disk/block-store.ts';
import { FetchSessions, type FetchSessionsOptions } from './fetch-sessions.ts';
import type { NodeLog } from './node-log.ts';

/** A session without a request for so long is closed: its last receipts are delivered then. */
const IDLE_SESSION_MS = 500;
/** Blocks whose content is remembered, so that a player's next request finds its session. */
const MAX_KNOWN_LINKS = 200_000;

export interface PeerDeliveryParts {
  readonly store: BlockStore;
  readonly log: NodeLog;
  /** Told when a fetch is over: the content may be whole now. */
  readonly fetched: (root: CID) => void;
}

/** Who fetches: requests for grants and receipts are signed with its key. */
export type PeerDeliveryOptions = Omit<FetchSessionsOptions, 'idleMs'>;

/**
 * How a peer gets what its local player asks for: as a viewer of the network, with grants, verified blocks and
 * receipts, storing what it fetched within its quota.
 */
export class PeerDelivery {
  readonly #parts: PeerDeliveryParts;
  readonly #sessions: FetchSessions;
  readonly #rootOf = new LRUCache<string, CID>({ max: MAX_KNOWN_LINKS });

  constructor(parts: PeerDeliveryParts, options: PeerDeliveryOptions) {
    this.#parts = parts;
    const { log, fetched: closed } = parts;
    this.#sessions = new FetchSessions({ log, closed }, { ...options, idleMs: IDLE_SESSION_MS });
  }

  /** Fetches one block of the content that it was named in, and stores it. @throws ClientError, StorageError */
  async fill(cid: CID, signal: AbortSignal): Promise<void> {
    const root = this.#rootOf.get(cid.toString()) ?? cid;
    await this.#sessions.fetchBlock({ root }, cid, signal, async (block) => {
      this.#noteLinks(root, cid, block);
      await this.#parts.store.put({ root: contentRootOf(root), codec: root.code }, cid, block);
    });
  }

  /** Delivers the last receipts of all sessions. */
  stop(): Promise<void> {
    return this.#sessions.stop();
  }

  #noteLinks(root: CID, cid: CID, block: Uint8Array): void {
    if (cid.code !== DAG_PB_CODEC) return;
    try {
      for (const link of dagPb.decode(block).Links) this.#rootOf.set(link.Hash.toString(), root);
    } catch (error) {
      // Not a node of a file: the gateway tells its client when it cannot read it.
      this.#parts.log.debug({ cid: cid.toString(), error }, 'A block has no links that can be read');
    }
  }
}
