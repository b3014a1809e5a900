import type { CID } from 'multiformats/cid';

import { RAW_CODEC, verifyBlock, type Sha256 } from '../protocol/content.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { ClientError } from './client-error.ts';
import { DEFAULT_AHEAD_BYTES, MAX_WANTED_BLOCKS } from './client-limits.ts';
import type { ContentSink } from './content-sink.ts';
import { FileWalk, type ByteRange, type WalkItem } from './file-walk.ts';

/** Gets one verified block. */
export type FetchBlock = (cid: CID, maxBytes: number) => Promise<Uint8Array>;

export interface DownloadComponents {
  readonly fetchBlock: FetchBlock;
  readonly sha256: Sha256;
  readonly sink: ContentSink;
}

export interface DownloadOptions {
  /** @default the whole file */
  readonly range?: ByteRange | undefined;
  /** Most bytes held in memory beyond those written. @default 32 MiB */
  readonly aheadBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes written so far and those wanted in all. */
  readonly onProgress?: ((writtenBytes: number, totalBytes: number) => void) | undefined;
}

/** What a download wrote. */
export interface Downloaded {
  /** Bytes written to the sink. */
  readonly bytes: number;
  /** Of these, bytes that an earlier attempt had left and that were verified again. */
  readonly resumedBytes: number;
  /** Length of the whole file. */
  readonly fileBytes: number;
}

/**
 * Downloads one file in constant memory: many blocks are wanted at once, their bytes written in order.
 * @throws ClientError DAG_INVALID, DAG_LIMIT_EXCEEDED, NOT_A_FILE, RANGE_INVALID, SINK_FAILED and what fetching
 *   blocks throws; the signal's reason
 */
export async function downloadFile(
  components: DownloadComponents,
  root: CID,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  return new FileDownload(components, root, options).run();
}

/** Bytes for the sink, or bytes that are there already. */
interface EarlyPiece {
  readonly length: number;
  /** Undefined where the sink holds them. */
  readonly bytes: Uint8Array | undefined;
  /** Digest, where the bytes are a whole block. */
  readonly leaf: Uint8Array | undefined;
  /** They came from the sink and were verified again. */
  readonly kept: boolean;
}

class FileDownload {
  readonly #components: DownloadComponents;
  readonly #options: DownloadOptions;
  readonly #walk: FileWalk;
  /** What arrived before its turn, by offset. */
  readonly #early = new Map<number, EarlyPiece>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #start: number;
  #next: number;
  #resumed = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(components: DownloadComponents, root: CID, options: DownloadOptions) {
    this.#components = components;
    this.#options = options;
    this.#walk = new FileWalk(root, options.range);
    this.#start = options.range?.start ?? 0;
    this.#next = this.#start;
  }

  async run(): Promise<Downloaded> {
    while (!this.#walk.finished || this.#early.size > 0) {
      this.#options.signal?.throwIfAborted();
      this.#wantMore();
      if (!(await this.#writeNext())) await this.#somethingArrived();
      if (this.#failure !== undefined) throw this.#failure.error;
    }
    const fileBytes = this.#walk.fileBytes ?? 0;
    this.#requireRange(fileBytes);
    return { bytes: this.#next - this.#start, resumedBytes: this.#resumed, fileBytes };
  }

  #wantMore(): void {
    const ahead = this.#options.aheadBytes ?? DEFAULT_AHEAD_BYTES;
    while (this.#underWay.size < MAX_WANTED_BLOCKS) {
      const item = this.#walk.peek();
      const tooFarAhead = item !== undefined && item.offset - this.#next >= ahead && this.#underWay.size > 0;
      if (item === undefined || tooFarAhead) return;
      this.#walk.take();
      const obtained = this.#obtain(item)
        .catch((error: unknown) => {
          this.#failure ??= { error };
        })
        .finally(() => this.#underWay.delete(obtained));
      this.#underWay.add(obtained);
    }
  }

  async #obtain(item: WalkItem): Promise<void> {
    if (this.#isHeld(item)) return;
    const { cid } = item;
    const left = await this.#fromEarlierAttempt(item);
    const block = left ?? (await this.#components.fetchBlock(cid, item.blockBytes));
    const piece = this.#walk.accept(item, block);
    if (item.fileBytes === undefined) this.#requireRange(this.#walk.fileBytes ?? 0);
    if (piece === undefined) return;
    const { offset, bytes } = piece;
    const leaf = bytes.length === block.length ? cid.multihash.digest : undefined;
    this.#early.set(offset, { length: bytes.length, bytes, leaf, kept: left !== undefined });
  }

  /** Whether the sink knows that it has the block, so that it is not even read. */
  #isHeld(item: WalkItem): boolean {
    const { cid, offset, fileBytes } = item;
    const { sink } = this.#components;
    if (cid.code !== RAW_CODEC || fileBytes === undefined) return false;
    if (sink.holds?.(offset, fileBytes, cid.multihash.digest) !== true) return false;
    const piece = this.#walk.acceptPresent(item, fileBytes);
    if (piece !== undefined)
      this.#early.set(piece.offset, { length: piece.length, bytes: undefined, leaf: undefined, kept: true });
    this.#resumed += piece?.length ?? 0;
    return true;
  }

  /** Bytes on disk that nothing is recorded of prove themselves by their hash. */
  async #fromEarlierAttempt({ cid, offset, fileBytes }: WalkItem): Promise<Uint8Array | undefined> {
    const { sink, sha256 } = this.#components;
    if (sink.existing === undefined || cid.code !== RAW_CODEC || fileBytes === undefined) return undefined;
    const bytes = await sink.existing(offset, fileBytes);
    if (bytes === undefined) return undefined;
    try {
      await verifyBlock(cid, bytes, sha256);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
    this.#resumed += bytes.length;
    return bytes;
  }

  /** @returns whether there was something to write */
  async #writeNext(): Promise<boolean> {
    const piece = this.#early.get(this.#next);
    if (piece === undefined) return false;
    try {
      await this.#put(piece);
    } catch (cause) {
      if (cause instanceof ClientError) throw cause;
      throw new ClientError('SINK_FAILED', 'The bytes cannot be written.', {
        values: { offset: this.#next, reason: cause instanceof Error ? cause.message : String(cause) },
        remedy: 'Check the space and the permissions of the place that is written to.',
        cause,
      });
    }
    this.#early.delete(this.#next);
    this.#next += piece.length;
    this.#options.onProgress?.(this.#next - this.#start, this.#wantedBytes);
    return true;
  }

  async #put({ bytes, leaf, kept }: EarlyPiece): Promise<void> {
    const { sink } = this.#components;
    if (bytes === undefined) return;
    if (kept && leaf !== undefined && sink.kept !== undefined) await sink.kept(bytes, this.#next, leaf);
    else await sink.write(bytes, this.#next, leaf);
  }

  get #wantedBytes(): number {
    const end = Math.min(this.#options.range?.end ?? Infinity, this.#walk.fileBytes ?? Infinity);
    return Math.max(0, end - this.#start);
  }

  async #somethingArrived(): Promise<void> {
    if (this.#underWay.size === 0) return;
    const { signal } = this.#options;
    if (signal === undefined) await Promise.race(this.#underWay);
    else {
      const { promise, resolve } = Promise.withResolvers<void>();
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      await Promise.race([...this.#underWay, promise]);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #requireRange(fileBytes: number): void {
    const { range } = this.#options;
    if (range === undefined || (range.start >= 0 && range.start < range.end && range.start < fileBytes))
      return;
    throw new ClientError('RANGE_INVALID', `Bytes ${range.start} to ${range.end} are not in the file.`, {
      values: { start: range.start, end: range.end, fileBytes },
      remedy: `Ask for a range within the ${fileBytes} bytes of the file.`,
    });
  }
}
