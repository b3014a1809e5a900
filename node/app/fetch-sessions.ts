import type { CID } from 'multiformats/cid';

import { systemClock } from '../../sdk/pacing/clock.ts';
import { FetchSession, type SessionOptions } from '../../sdk/client/fetch-session.ts';
import { nodeSha256 } from '../../sdk/client/node-sha256.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import type { DealId } from '../../sdk/protocol/identifiers.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../sdk/protocol/limits.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import type { NodeLog } from './node-log.ts';

/** Contents that are fetched at once. */
const MAX_SESSIONS = 32;

/** What is fetched, and by which deal if that is known. */
export interface FetchedContent {
  readonly root: CID;
  readonly dealId?: DealId | undefined;
}

export interface FetchSessionsOptions extends Pick<
  SessionOptions,
  'marketplaceUrl' | 'viewerKey' | 'region' | 'domainLabel'
> {
  /** A session without a request for so long is closed: its last receipts are delivered then. */
  readonly idleMs: number;
}

interface OpenSession {
  readonly session: Promise<FetchSession>;
  readonly root: CID;
  underWay: number;
  idle: NodeJS.Timeout | undefined;
}

/** Sessions in which a node fetches as a viewer does, one for each content, kept while they are used. */
export class FetchSessions {
  readonly #parts: { readonly log: NodeLog; readonly closed?: (root: CID) => void };
  readonly #options: FetchSessionsOptions;
  readonly #http = new UndiciExchange();
  readonly #sessions = new Map<string, OpenSession>();

  /** @param parts.closed told when the receipts of a content were delivered */
  constructor(
    parts: { readonly log: NodeLog; readonly closed?: (root: CID) => void },
    options: FetchSessionsOptions,
  ) {
    this.#parts = parts;
    this.#options = options;
  }

  /**
   * Fetches one verified block of a content.
   * @param take what is done with the block; its session is not idle before that is done
   * @throws ClientError; the signal's reason; what `take` throws
   */
  async fetchBlock(
    content: FetchedContent,
    cid: CID,
    signal: AbortSignal,
    take: (block: Uint8Array) => void | Promise<void>,
  ): Promise<void> {
    const open = this.#open(content);
    open.underWay += 1;
    clearTimeout(open.idle);
    try {
      const session = await open.session;
      signal.throwIfAborted();
      await take(await session.fetchBlock(cid, MAX_SERVED_BLOCK_BYTES));
    } finally {
      open.underWay -= 1;
      if (open.underWay === 0)
        open.idle = setTimeout(() => void this.#close(open), this.#options.idleMs).unref();
    }
  }

  /** Delivers the last receipts of all sessions. */
  async stop(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((open) => this.#close(open)));
    await this.#http.close();
  }

  #open({ root, dealId }: FetchedContent): OpenSession {
    const key = root.toString();
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const oldest = [...this.#sessions.values()].find(({ underWay }) => underWay === 0);
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) void this.#close(oldest);
    const session = FetchSession.open(
      { http: this.#http, clock: systemClock, sha256: nodeSha256, secp256k1: nativeSecp256k1 },
      { ...this.#options, cid: root, dealId },
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
      this.#parts.closed?.(open.root);
    } catch (error) {
      this.#parts.log.warn({ cid: key, error }, 'Receipts of a fetch could not be delivered');
    }
  }
}
