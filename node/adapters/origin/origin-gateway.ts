import type { CID } from 'multiformats/cid';

import { MAX_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import type { ContentTarget } from '../../core/storage/block-ports.ts';
import { keepBlock, waitFor } from './origin-blocks.ts';
import type { OriginFileParts } from './origin-file.ts';

/** Fetches the blocks of a content from a trustless gateway of its publisher, each once for all who wait for it. */
export class OriginGateway {
  readonly #parts: OriginFileParts;
  readonly #content: { readonly target: ContentTarget; readonly url: string };
  readonly #flights = new Map<string, Promise<void>>();
  #fetchedBytes = 0;

  constructor(parts: OriginFileParts, content: { readonly target: ContentTarget; readonly url: string }) {
    this.#parts = parts;
    this.#content = content;
  }

  /** Bytes that were fetched and stored. */
  get fetchedBytes(): number {
    return this.#fetchedBytes;
  }

  isUnderWay(cid: CID): boolean {
    return this.#flights.has(cid.toString());
  }

  /**
   * Returns when the block is stored.
   * @throws OriginError; StorageError; the signal's reason
   */
  async fetch(cid: CID, signal: AbortSignal): Promise<void> {
    if (this.#parts.store.has(cid)) return;
    const key = cid.toString();
    const flight = this.#flights.get(key) ?? this.#begin(cid, key);
    await waitFor(flight, signal);
  }

  #begin(cid: CID, key: string): Promise<void> {
    const flight = this.#fetchBlock(cid).finally(() => this.#flights.delete(key));
    // Everybody may have left when it fails.
    flight.catch(() => undefined);
    this.#flights.set(key, flight);
    return flight;
  }

  async #fetchBlock(cid: CID): Promise<void> {
    const { store, client, turns, onFetched, signal } = this.#parts;
    const { target, url } = this.#content;
    await store.requireRoom(MAX_BLOCK_BYTES);
    await turns.run(url, async () => {
      const bytes = await client.block(url, cid, signal);
      await keepBlock(store, { target, cid, url }, bytes);
      this.#fetchedBytes += bytes.length;
      onFetched(bytes.length);
    });
  }
}
