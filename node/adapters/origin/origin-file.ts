import { setImmediate } from 'node:timers/promises';

import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';

import { RAW_CODEC, SHA2_256 } from '../../../sdk/protocol/content.ts';
import type { LeafTable } from '../../core/origin/leaf-table.ts';
import { isPassing } from '../../core/origin/origin-breaker.ts';
import { OriginError } from '../../core/origin/origin-error.ts';
import type { FileVersion } from '../../core/origin/range-answer.ts';
import { planRun, readAhead, type LeafStates, type Run } from '../../core/origin/run-planning.ts';
import type { ContentTarget } from '../../core/storage/block-ports.ts';
import { keepBlock, waitFor, type OriginStore } from './origin-blocks.ts';
import type { OriginClient } from './origin-client.ts';
import type { OriginTurns } from './origin-turns.ts';

/** A leaf is asked for so often, if the connection broke or the answer was short. */
const MAX_ATTEMPTS = 2;
/** Leaves of one run that are being written at once: with one that is arriving, what a run holds in memory. */
const WRITES_OF_RUN = 3;
/** Leaves that are looked up in the store before others have their turn on the thread. */
const LEAVES_PER_SLICE = 2_048;

export interface OriginFileParts {
  readonly store: OriginStore;
  readonly client: OriginClient;
  readonly turns: OriginTurns;
  /** Told of bytes that were fetched and stored. */
  readonly onFetched: (bytes: number) => void;
  /** Ends everything that is under way. */
  readonly signal: AbortSignal;
}

/** A content that lies in one file of its publisher. */
export interface OriginFileContent {
  readonly target: ContentTarget;
  readonly url: string;
  readonly version: FileVersion;
  readonly table: LeafTable;
}

/**
 * Fetches the leaves of one file by runs. A leaf is fetched once for all who wait for it; who waits goes on when it is
 * stored, while its run goes on behind it.
 */
export class OriginFile {
  readonly #parts: OriginFileParts;
  readonly #content: OriginFileContent;
  /** Leaves that are under way, and who waits for them. */
  readonly #flights = new Map<number, PromiseWithResolvers<void>>();
  /** All leaves before this one were seen to be stored. */
  #filledTo = 0;
  #fetchedBytes = 0;

  readonly #states: LeafStates = {
    wanted: (index) => !this.#flights.has(index) && !this.#parts.store.has(this.#cidOf(index)),
  };

  constructor(parts: OriginFileParts, content: OriginFileContent) {
    this.#parts = parts;
    this.#content = content;
  }

  /** Bytes that were fetched and stored. */
  get fetchedBytes(): number {
    return this.#fetchedBytes;
  }

  /** Whether the block is a leaf of the file. */
  holds(cid: CID): boolean {
    return cid.code === RAW_CODEC && this.#content.table.find(cid.multihash.digest) !== undefined;
  }

  isUnderWay(cid: CID): boolean {
    const index = this.#content.table.find(cid.multihash.digest);
    return index !== undefined && this.#flights.has(index);
  }

  /**
   * Returns when the leaf is stored.
   * @throws OriginError of every kind; StorageError; the signal's reason
   */
  async fetch(cid: CID, signal: AbortSignal): Promise<void> {
    const index = this.#content.table.find(cid.multihash.digest);
    if (index === undefined) throw noLeaf(cid);
    for (let attempt = 1; !this.#parts.store.has(cid); attempt++) {
      try {
        await waitFor(this.#flightOf(index), signal);
      } catch (error) {
        signal.throwIfAborted();
        const again = error instanceof OriginError && isPassing(error.code) && attempt < MAX_ATTEMPTS;
        if (!again) throw error;
      }
    }
  }

  /**
   * Fetches the next leaves that are missing, in the order of the file.
   * @param maxBytes after which others get their turn
   * @returns whether all leaves were seen to be stored
   * @throws as `fetch`
   */
  async fillNext(maxBytes: number, signal: AbortSignal): Promise<boolean> {
    const { table } = this.#content;
    const from = this.#fetchedBytes;
    if (this.#filledTo === 0) await this.#requireRoomForRest();
    for (; this.#filledTo < table.count; this.#filledTo++) {
      if (this.#fetchedBytes - from >= maxBytes) return false;
      if (!this.#parts.store.has(this.#cidOf(this.#filledTo))) {
        await this.fetch(this.#cidOf(this.#filledTo), signal);
      }
    }
    // If the content is not complete all the same, the next call looks at every leaf again.
    this.#filledTo = 0;
    return true;
  }

  /** A content that does not fit is not begun. */
  async #requireRoomForRest(): Promise<void> {
    const { table } = this.#content;
    let missingBytes = 0;
    for (let index = 0; index < table.count; index++) {
      if (index % LEAVES_PER_SLICE === 0) await setImmediate();
      if (!this.#parts.store.has(this.#cidOf(index))) missingBytes += table.at(index).length;
    }
    if (missingBytes > 0) await this.#parts.store.requireRoom(missingBytes);
  }

  #flightOf(index: number): Promise<void> {
    const flight = this.#flights.get(index) ?? this.#begin(index);
    const ahead = readAhead(this.#content.table, index, this.#states);
    if (ahead !== undefined) this.#begin(ahead);
    return flight.promise;
  }

  #begin(index: number): PromiseWithResolvers<void> {
    const run = planRun(this.#content.table, index, this.#states);
    const first = Promise.withResolvers<void>();
    for (let at = run.first; at <= run.last; at++) {
      const flight = at === index ? first : Promise.withResolvers<void>();
      // Nobody may be waiting when a run fails: its failure is then for the next who asks.
      flight.promise.catch(() => undefined);
      this.#flights.set(at, flight);
    }
    void this.#fetchRun(run);
    return first;
  }

  async #fetchRun(run: Run): Promise<void> {
    try {
      await this.#parts.store.requireRoom(run.end - run.start);
      await this.#parts.turns.run(this.#content.url, () => this.#keepAll(run));
    } catch (error) {
      for (let at = run.first; at <= run.last; at++) {
        this.#flights.get(at)?.reject(error);
        this.#flights.delete(at);
      }
    }
  }

  /** Stores the leaves of a run as they come: some are written while the next arrive. */
  async #keepAll(run: Run): Promise<void> {
    // An empty file has no range that could be asked for.
    const leaves = run.end === run.start ? [new Uint8Array(0)] : this.#leavesOf(run);
    const writing = new Set<Promise<void>>();
    const failures: unknown[] = [];
    let next = run.first;
    try {
      for await (const leaf of leaves) {
        const write = this.#keep(next++, leaf)
          .catch((error: unknown) => {
            failures.push(error);
          })
          .finally(() => writing.delete(write));
        writing.add(write);
        if (writing.size >= WRITES_OF_RUN) await Promise.race(writing);
        if (failures.length > 0) break;
      }
    } finally {
      await Promise.all(writing);
    }
    if (failures.length > 0) throw failures[0];
  }

  #leavesOf(run: Run): AsyncGenerator<Uint8Array> {
    const { url, version, table } = this.#content;
    const lengths: number[] = [];
    for (let at = run.first; at <= run.last; at++) lengths.push(table.at(at).length);
    return this.#parts.client.leaves({ url, range: run, version, lengths }, this.#parts.signal);
  }

  async #keep(index: number, leaf: Uint8Array): Promise<void> {
    const { target, url } = this.#content;
    await keepBlock(this.#parts.store, { target, cid: this.#cidOf(index), url }, leaf);
    this.#fetchedBytes += leaf.length;
    this.#parts.onFetched(leaf.length);
    this.#flights.get(index)?.resolve();
    this.#flights.delete(index);
  }

  #cidOf(index: number): CID {
    return CID.createV1(RAW_CODEC, createDigest(SHA2_256, this.#content.table.at(index).digest));
  }
}

function noLeaf(cid: CID): OriginError {
  return new OriginError('ORIGIN_LAYOUT_UNKNOWN', 'The block is no leaf of the file at the origin.', {
    values: { cid: cid.toString() },
    remedy: 'The publisher uploads the inner nodes of the file to the node.',
  });
}
