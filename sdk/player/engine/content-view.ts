import type { CID } from 'multiformats/cid';

import { ClientError } from '../../client/client-error.ts';
import type { FetchComponents, SessionOptions } from '../../client/fetch-session.ts';
import { downloadFile } from '../../client/file-download.ts';
import { FileWalk, type ByteRange } from '../../client/file-walk.ts';
import { MarketplaceApi } from '../../client/marketplace-api.ts';
import { resolvePath } from '../../client/resolve-path.ts';
import { PlayerError } from '../player-error.ts';
import {
  MAX_LEAVING_RECEIPTS,
  NODES_RETRY_MS,
  READ_AHEAD_BYTES,
  UNVERIFIED_PIECE_BYTES,
} from '../player-limits.ts';
import { BlockShelf, type VerifiedBlocks } from './block-shelf.ts';
import { listDirectory } from './directory-listing.ts';
import { readLayout, type FileLayout } from './file-layout.ts';
import { NodeBlocks } from './node-blocks.ts';
import { OriginBytes } from './origin-bytes.ts';
import { requireOriginPlace } from './origin-place.ts';
import type { ViewReport } from './view-report.ts';

/** A file of the content. */
export interface FileFacts {
  readonly cid: string;
  readonly bytes: number;
  /** Whether its bytes are checked against the CID before they are handed on. */
  readonly verified: boolean;
}

/** Takes bytes in order; the next piece waits for the promise. */
export type TakeBytes = (bytes: Uint8Array, offset: number) => Promise<void> | void;

/** Failures that say that the network cannot serve now, not that the request is wrong. */
const NODES_AWAY: ReadonlySet<string> = new Set([
  'NO_SOURCES',
  'BLOCK_UNAVAILABLE',
  'CONTENT_NOT_PAID',
  'UNREACHABLE',
  'STALLED',
  'MARKETPLACE_REFUSED',
  'ANSWER_INVALID',
]);

/**
 * One content as somebody looks at it: its files and byte ranges of them, verified, from several nodes at once, and
 * from the publisher's origin when no node serves.
 */
export class ContentView implements VerifiedBlocks {
  readonly #components: FetchComponents;
  readonly #root: CID;
  readonly #marketplaceUrl: string;
  #origin: OriginBytes | undefined;
  readonly nodes: NodeBlocks;
  readonly #shelf: BlockShelf;
  readonly #layout: FileLayout = new Map();
  readonly #files = new Map<string, Promise<{ cid: CID; bytes: number }>>();
  #nodesAwayUntilMs = 0;

  constructor(components: FetchComponents, options: SessionOptions, origin: OriginBytes | undefined) {
    this.#components = components;
    this.#root = options.cid;
    this.#marketplaceUrl = options.marketplaceUrl;
    this.#origin = origin;
    this.nodes = new NodeBlocks(components, options);
    this.#shelf = new BlockShelf(this);
  }

  /** How the view does now. */
  report(): ViewReport {
    return this.nodes.report(this.#onOrigin);
  }

  /** What the nodes would lose if this thread ended now, as the coordinator takes it; undefined for nothing. */
  owedRequest(): ReturnType<MarketplaceApi['receiptsRequest']> | undefined {
    const owed = this.nodes.owed().slice(-MAX_LEAVING_RECEIPTS);
    if (owed.length === 0) return undefined;
    return new MarketplaceApi(this.#components, this.#marketplaceUrl).receiptsRequest(owed);
  }

  get #onOrigin(): boolean {
    return this.#components.clock.nowMs() < this.#nodesAwayUntilMs;
  }

  /**
   * A file of the content.
   * @param path parts separated by slashes; empty for the root itself
   * @throws ClientError PATH_NOT_FOUND, NOT_A_FILE, and why nothing can be had; PlayerError ORIGIN_UNVERIFIED
   */
  async file(path: string): Promise<FileFacts> {
    try {
      const { cid, bytes } = await this.#known(path);
      return { cid: cid.toString(), bytes, verified: true };
    } catch (error) {
      const origin = this.#origin;
      if (origin?.place.allowUnverified !== true || !isUnverifiable(error)) throw error;
      const { fileBytes } = await origin.unverified(path, { start: 0, end: 1 });
      return { cid: this.#root.toString(), bytes: fileBytes, verified: false };
    }
  }

  /** Names in a directory of the content; undefined for what is no directory. */
  async list(path: string, signal?: AbortSignal): Promise<readonly string[] | undefined> {
    const fetchBlock = this.#fetchFor(signal);
    return listDirectory(await resolvePath(this.#root, path, fetchBlock), fetchBlock);
  }

  /**
   * Hands bytes of a file on in order, as they are verified.
   * @param range @default the whole file
   * @throws as `file`, ClientError RANGE_INVALID; the signal's reason
   */
  async read(
    path: string,
    take: TakeBytes,
    options: { readonly range?: ByteRange | undefined; readonly signal: AbortSignal },
  ): Promise<void> {
    const { range, signal } = options;
    const { verified, bytes } = await this.file(path);
    if (bytes === 0) return;
    if (!verified)
      return this.#readUnverified(path, take, { range: range ?? { start: 0, end: bytes }, signal });
    const { cid } = await this.#known(path);
    const parts = {
      fetchBlock: this.#fetchFor(signal),
      sha256: this.#components.sha256,
      sink: { write: take },
    };
    await downloadFile(parts, cid, { range, signal, aheadBytes: READ_AHEAD_BYTES });
  }

  /** A block for the shelf: from the nodes, or from the origin while these are away. */
  async fetch(cid: CID, maxBytes: number): Promise<Uint8Array> {
    if (this.#onOrigin && this.#origin !== undefined) {
      try {
        return await this.#fromOrigin(this.#origin, cid);
      } catch (error) {
        // The origin does no better: the nodes are asked after all.
        if (!(error instanceof PlayerError)) throw error;
      }
    }
    try {
      const bytes = await this.nodes.fetch(cid, maxBytes);
      this.#nodesAwayUntilMs = 0;
      return bytes;
    } catch (error) {
      this.#origin ??= isAway(error) ? await this.#declaredOrigin() : undefined;
      if (!isAway(error) || this.#origin === undefined) throw error;
      this.#nodesAwayUntilMs = this.#components.clock.nowMs() + NODES_RETRY_MS;
      return this.#fromOrigin(this.#origin, cid);
    }
  }

  /**
   * Where the publisher says that the content can be had. Its signature is not looked at here: every block of it is
   * checked against its CID, so another address costs a request and nothing else.
   */
  async #declaredOrigin(): Promise<OriginBytes | undefined> {
    const { dealId } = this.nodes;
    if (dealId === undefined) return undefined;
    try {
      const api = new MarketplaceApi(this.#components, this.#marketplaceUrl);
      const { kind, url } = (await api.contentOrigin(dealId)).origin;
      return kind === 'none'
        ? undefined
        : new OriginBytes(this.#components, requireOriginPlace({ url, kind }));
    } catch (error) {
      // There is none, or the marketplace is away too: why the nodes cannot serve is what is told.
      if (error instanceof ClientError || error instanceof PlayerError) return undefined;
      throw error;
    }
  }

  abandon(cid: CID, reason: unknown): void {
    this.nodes.abandon(cid, reason);
  }

  async #fromOrigin(origin: OriginBytes, cid: CID): Promise<Uint8Array> {
    const bytes = await origin.block(cid, this.#layout);
    this.nodes.totals.originBytes += bytes.length;
    return bytes;
  }

  #fetchFor(signal: AbortSignal | undefined) {
    return (cid: CID, maxBytes: number) => this.#shelf.get(cid, maxBytes, signal);
  }

  /** Not for one caller alone: who leaves ends nothing for the others. */
  #known(path: string): Promise<{ cid: CID; bytes: number }> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const found = this.#find(path);
    this.#files.set(path, found);
    // What failed is looked for again.
    found.catch(() => this.#files.delete(path));
    return found;
  }

  async #find(path: string): Promise<{ cid: CID; bytes: number }> {
    const fetchBlock = this.#fetchFor(undefined);
    const cid = await resolvePath(this.#root, path, fetchBlock);
    const walk = new FileWalk(cid);
    const root = walk.take();
    if (root !== undefined) walk.accept(root, await fetchBlock(cid, root.blockBytes));
    void this.#learnLayout(cid, path);
    return { cid, bytes: walk.fileBytes ?? 0 };
  }

  /** While nodes serve, so that the origin's bytes can be verified when they do not. */
  async #learnLayout(cid: CID, path: string): Promise<void> {
    try {
      await readLayout({ cid, path }, this.#fetchFor(undefined), this.#layout);
    } catch (error) {
      // What is missing of the layout cannot be had from the origin, which says so when it is asked for.
      if (!(error instanceof ClientError || error instanceof PlayerError)) throw error;
    }
  }

  async #readUnverified(
    path: string,
    take: TakeBytes,
    { range, signal }: { readonly range: ByteRange; readonly signal: AbortSignal },
  ): Promise<void> {
    let offset = range.start;
    while (offset < range.end && this.#origin !== undefined) {
      signal.throwIfAborted();
      const end = Math.min(offset + UNVERIFIED_PIECE_BYTES, range.end);
      const { bytes, fileBytes } = await this.#origin.unverified(path, { start: offset, end });
      this.nodes.totals.unverifiedBytes += bytes.length;
      await take(bytes, offset);
      offset += bytes.length;
      if (offset >= fileBytes) return;
    }
  }
}

function isAway(error: unknown): boolean {
  return error instanceof ClientError && NODES_AWAY.has(error.code);
}

function isUnverifiable(error: unknown): boolean {
  return isAway(error) || (error instanceof PlayerError && error.code === 'ORIGIN_UNVERIFIED');
}
