import { MAX_SERVED_BLOCK_BYTES } from '../../sdk/protocol/limits.ts';
import { LRUCache } from 'lru-cache';
import type { CID } from 'multiformats/cid';
import * as dagPb from '@ipld/dag-pb';

import { FetchSession } from '../../sdk/client/fetch-session.ts';
import { nodeSha256 } from '../../sdk/client/node-sha256.ts';
import { systemClock as fetchClock } from '../../sdk/client/clock.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { contentRootOf, DAG_PB_CODEC } from '../../sdk/protocol/content.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import type { BlockStore } from '../adapters/disk/block-store.ts';
import type { NodeLog } from './node-log.ts';

/** A session without a request for so long is closed: its last receipts are delivered then. */
const IDLE_SESSION_MS = 500;
/** Contents that are fetched at once. */
const MAX_SESSIONS = 32;
/** Blocks whose content is remembered, so that a player's next request finds its session. */
const MAX_KNOWN_LINKS = 200_000;

export interface PeerDeliveryParts {
  readonly store: BlockStore;
  readonly log: NodeLog;
  /** Told when a fetch is over: the content may be whole now. */
  readonly fetched: (root: CID) => void;
}

export interface PeerDeliveryOptions {
  readonly marketplaceUrl: string;
  /** Signs requests for grants and receipts; 32 bytes. */
  readonly viewerKey: Uint8Array;
  readonly region: string;
}

interface OpenSession {
  readonly session: Promise<FetchSession>;
  readonly root: CID;
  underWay: number;
  idle: NodeJS.Timeout | undefined;
}

/**
 * How a peer gets what its local player asks for: as a viewer of the network, with grants, verified blocks and
 * receipts, storing what it fetched within its quota.
 */
export class PeerDelivery {
  readonly #parts: PeerDeliveryParts;
  readonly #options: PeerDeliveryOptions;
  readonly #http = new UndiciExchange();
  readonly #sessions = new Map<string, OpenSession>();
  readonly #rootOf = new LRUCache<string, CID>({ max: MAX_KNOWN_LINKS });

  constructor(parts: PeerDeliveryParts, options: PeerDeliveryOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Fetches one block of the content that it was named in, and stores it. @throws ClientError, StorageError */
  async fill(cid: CID, signal: AbortSignal): Promise<void> {
    const root = this.#rootOf.get(cid.toString()) ?? cid;
    const open = this.#open(root);
    open.underWay += 1;
    clearTimeout(open.idle);
    try {
      const session = await open.session;
      signal.throwIfAborted();
      const block = await session.fetchBlock(cid, MAX_SERVED_BLOCK_BYTES);
      this.#noteLinks(root, cid, block);
      await this.#parts.store.put({ root: contentRootOf(root), codec: root.code }, cid, block);
    } finally {
      open.underWay -= 1;
      if (open.underWay === 0) open.idle = setTimeout(() => void this.#close(open), IDLE_SESSION_MS);
    }
  }

  /** Delivers the last receipts of all sessions. */
  async stop(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((open) => this.#close(open)));
    await this.#http.close();
  }

  #open(root: CID): OpenSession {
    const key = root.toString();
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const oldest = [...this.#sessions.values()].find(({ underWay }) => underWay === 0);
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) void this.#close(oldest);
    const session = FetchSession.open(
      { http: this.#http, clock: fetchClock, sha256: nodeSha256, secp256k1: nativeSecp256k1 },
      { ...this.#options, cid: root },
    );
    const open: OpenSession = { session, root, underWay: 0, idle: undefined };
    this.#sessions.set(key, open);
    // A session that could not be opened is not kept: the next request tries again.
    session.catch(() => this.#sessions.delete(key));
    return open;
  }

  async #close(open: OpenSession): Promise<void> {
    clearTimeout(open.idle);
    const key = open.root.toString();
    if (this.#sessions.get(key) === open) this.#sessions.delete(key);
    try {
      const receipts = await (await open.session).close();
      this.#parts.log.debug({ cid: key, receipts: receipts.length }, 'Delivered receipts');
      this.#parts.fetched(open.root);
    } catch (error) {
      this.#parts.log.warn({ cid: key, error }, 'Receipts of a fetch could not be delivered');
    }
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
