import { LRUCache } from 'lru-cache';
import type { CID } from 'multiformats/cid';

import { cidOfContentRoot } from '../../../sdk/protocol/content.ts';
import type { ContentOrigin } from '../../../sdk/protocol/content-origin.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import type { DealView } from '../../core/delivery/deal-directory.ts';
import { OriginError, type OriginErrorCode } from '../../core/origin/origin-error.ts';
import { MAX_KEPT_LEAVES } from '../../core/origin/origin-limits.ts';
import type { ContentTarget } from '../../core/storage/block-ports.ts';
import { readFileLayout } from '../../adapters/origin/file-layout.ts';
import type { OriginStore } from '../../adapters/origin/origin-blocks.ts';
import { shownUrl, type OriginClient } from '../../adapters/origin/origin-client.ts';
import { OriginFile } from '../../adapters/origin/origin-file.ts';
import { OriginGateway } from '../../adapters/origin/origin-gateway.ts';
import type { OriginTurns } from '../../adapters/origin/origin-turns.ts';
import { reportOf } from '../node-error.ts';
import type { KnownOrigins } from './known-origins.ts';

/** Bytes of one content that are filled before another content gets its turn. */
const TURN_BYTES = 64 * 2 ** 20;
/** Missing blocks that one look at a DAG names, and how many of them are fetched from a gateway at once. */
const MISSING_PER_LOOK = 256;
const GATEWAY_FETCHES = 4;

/** The block store as filling from origins needs it. */
export interface OriginFillStore extends OriginStore {
  get(cid: CID): Promise<Uint8Array | undefined>;
  missing(target: ContentTarget, limit: number): Promise<CID[]>;
}

export interface OriginFillParts {
  readonly store: OriginFillStore;
  readonly origins: Pick<KnownOrigins, 'of'>;
  readonly client: OriginClient;
  readonly turns: OriginTurns;
}

/** How far an origin of a deal was used. */
export interface OriginUse {
  readonly dealId: DealId;
  readonly kind: 'file' | 'gateway';
  /** Without its query. */
  readonly url: string;
  /** Length that the publisher declared. */
  readonly bytes: number;
  /** Fetched since the node started. */
  readonly fetchedBytes: number;
  /** How long it is left alone, 0 if it is not. */
  readonly restMs: number;
  /** Why it gave nothing the last time. */
  readonly trouble: { readonly code: string; readonly message: string } | undefined;
}

interface OpenOrigin {
  readonly origin: ContentOrigin;
  readonly source: OriginFile | OriginGateway;
  /** Leaves whose places are kept. */
  readonly leaves: number;
  trouble: OriginUse['trouble'];
  /** What it did the last time that it was asked and failed. */
  failure: OriginUse['trouble'];
}

/** Refusals that the origin was not asked for. */
const LEFT_ALONE: ReadonlySet<OriginErrorCode> = new Set(['ORIGIN_RESTING', 'ORIGIN_BUSY']);

/** What a content's origin gives when no other node does (DELIVERY.md, miss). */
export class OriginFill {
  readonly #parts: OriginFillParts;
  readonly #stopping = new AbortController();
  readonly #open = new LRUCache<DealId, OpenOrigin>({
    maxSize: MAX_KEPT_LEAVES,
    sizeCalculation: ({ leaves }) => leaves + 1,
  });
  #fetchedBytes = 0;
  readonly #opening = new Map<DealId, Promise<OpenOrigin>>();

  constructor(parts: OriginFillParts) {
    this.#parts = parts;
  }

  /** Whether the block is being fetched from the origin already: then nobody else needs to be asked. */
  isUnderWay({ dealId }: DealView, cid: CID): boolean {
    return this.#open.peek(dealId)?.source.isUnderWay(cid) === true;
  }

  /**
   * Fetches one block.
   * @returns whether it is stored now; false if the publisher has named no origin
   * @throws OriginError; StorageError; the signal's reason
   */
  async fetch(deal: DealView, cid: CID, signal: AbortSignal): Promise<boolean> {
    const open = await this.#openOf(deal);
    if (open === undefined) return false;
    if (open.source instanceof OriginFile && !open.source.holds(cid)) return false;
    await this.#noting(open, () => open.source.fetch(cid, signal));
    return true;
  }

  /** Whether the publisher has named an origin. */
  async isNamed(deal: DealView): Promise<boolean> {
    return (await this.#parts.origins.of(deal)) !== undefined;
  }

  /**
   * Fetches what is missing of a content, as much as one turn may take.
   * @returns `whole` if nothing seems missing
   * @throws OriginError; StorageError; the signal's reason
   */
  async fill(deal: DealView, signal: AbortSignal): Promise<'more' | 'whole'> {
    const open = await this.#openOf(deal);
    if (open === undefined) return 'more';
    const { source } = open;
    return this.#noting(open, async () => {
      if (source instanceof OriginGateway) return this.#fillFromGateway(deal, source, signal);
      return (await source.fillNext(TURN_BYTES, signal)) ? 'whole' : 'more';
    });
  }

  /** Fetched from all origins since the node started. */
  get fetchedBytes(): number {
    return this.#fetchedBytes;
  }

  /** Origins that were used, for status. */
  uses(): OriginUse[] {
    return [...this.#open.entries()].map(([dealId, { origin, source, trouble }]) => ({
      dealId,
      kind: source instanceof OriginFile ? 'file' : 'gateway',
      url: shownUrl(origin.url),
      bytes: Number(origin.bytes),
      fetchedBytes: source.fetchedBytes,
      restMs: this.#parts.turns.restMs(origin.url),
      trouble,
    }));
  }

  /** Ends all requests; what they have stored stays. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#parts.client.close();
  }

  async #fillFromGateway(
    deal: DealView,
    source: OriginGateway,
    signal: AbortSignal,
  ): Promise<'more' | 'whole'> {
    const missing = await this.#parts.store.missing(targetOf(deal), MISSING_PER_LOOK);
    if (missing.length === 0) return 'whole';
    const queue = [...missing];
    await Promise.all(
      Array.from({ length: GATEWAY_FETCHES }, async () => {
        for (let cid = queue.shift(); cid !== undefined; cid = queue.shift()) await source.fetch(cid, signal);
      }),
    );
    return 'more';
  }

  async #openOf(deal: DealView): Promise<OpenOrigin | undefined> {
    const { dealId } = deal;
    const origin = await this.#parts.origins.of(deal);
    if (origin === undefined) return undefined;
    const open = this.#open.get(dealId);
    if (open?.origin.issuedAt === origin.issuedAt) return open;
    if (open !== undefined) this.#parts.turns.forgive(origin.url);
    const known = this.#opening.get(dealId);
    if (known !== undefined) return known;
    const opening = this.#openAnew(deal, origin).finally(() => this.#opening.delete(dealId));
    this.#opening.set(dealId, opening);
    return opening;
  }

  async #openAnew(deal: DealView, origin: ContentOrigin): Promise<OpenOrigin> {
    const onFetched = (bytes: number): void => void (this.#fetchedBytes += bytes);
    const parts = { ...this.#parts, onFetched, signal: this.#stopping.signal };
    const { dealId } = deal;
    const target = targetOf(deal);
    if (origin.kind === 'gateway') {
      const source = new OriginGateway(parts, { target, url: origin.url });
      return this.#keep(dealId, { origin, source, leaves: 0, trouble: undefined, failure: undefined });
    }
    const version = fileVersion(origin);
    const root = cidOfContentRoot(target.root, target.codec);
    const table = await readFileLayout({ root, bytes: version.bytes }, (cid) => parts.store.get(cid));
    const source = new OriginFile(parts, { target, url: origin.url, version, table });
    return this.#keep(dealId, {
      origin,
      source,
      leaves: table.count,
      trouble: undefined,
      failure: undefined,
    });
  }

  #keep(dealId: DealId, open: OpenOrigin): OpenOrigin {
    this.#open.set(dealId, open);
    return open;
  }

  async #noting<T>(open: OpenOrigin, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      open.trouble = undefined;
      return result;
    } catch (error) {
      if (error instanceof OriginError) {
        const { code, message } = reportOf(error);
        const told = { code, message };
        if (!LEFT_ALONE.has(error.code)) open.failure = told;
        // That it is left alone does not say what it did.
        open.trouble = open.failure ?? told;
      }
      throw error;
    }
  }
}

function targetOf({ contentRoot, contentCodec }: DealView): ContentTarget {
  return { root: contentRoot, codec: contentCodec };
}

function fileVersion({ bytes, etag, lastModified }: ContentOrigin) {
  if (bytes <= BigInt(Number.MAX_SAFE_INTEGER)) return { bytes: Number(bytes), etag, lastModified };
  throw new OriginError('ORIGIN_LAYOUT_UNKNOWN', 'The publisher declares a longer file than there are.', {
    values: { bytes },
    remedy: 'The publisher declares the origin again with the length of the file.',
  });
}
