import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { includes, WHOLE_RING, type IdInterval } from './id-interval.ts';
import { MAX_SNAPSHOT_PAGES, MAX_SNAPSHOT_REQUESTS, RING_ID_BYTES } from './limits.ts';
import type { RingContext } from './ring-context.ts';
import { leadingWord, type RingId } from './ring-identifier.ts';
import type { RingContact } from './ring-ports.ts';
import type { SnapshotPage } from './wire-message.ts';

const WORDS = 0x1_0000_0000;

/** How a page changed the download: `foreign` answers nothing that was asked, `endless` makes no progress. */
export type DownloadState = 'foreign' | 'endless' | 'under-way' | 'complete';

/**
 * Fetches the table of one member. The first page tells whether there is more; then the rest is cut into slices that
 * are fetched side by side, since 10^5 members fill some 200 pages (SPEC.md, join).
 */
export class SnapshotDownload {
  readonly #context: RingContext;
  readonly #seed: RingContact;
  readonly #asked = new Map<number, IdInterval>();
  #pages = 0;

  constructor(context: RingContext, seed: RingContact) {
    this.#context = context;
    this.#seed = seed;
  }

  get seed(): RingContact {
    return this.#seed;
  }

  begin(): void {
    this.#ask(WHOLE_RING);
  }

  /** Asks for what the page leaves open. Its events are the caller's. */
  onPage(page: SnapshotPage): DownloadState {
    const interval = this.#asked.get(page.requestId);
    if (interval === undefined) return 'foreign';
    this.#asked.delete(page.requestId);
    this.#pages += 1;
    const { rest } = page;
    if (rest !== undefined) {
      const advances = includes(interval, rest) && !equalBytes(rest.from, interval.from);
      if (!advances || this.#pages >= MAX_SNAPSHOT_PAGES) return 'endless';
      const slices = this.#pages === 1 ? slicesOf(rest, MAX_SNAPSHOT_REQUESTS) : [rest];
      for (const slice of slices) this.#ask(slice);
    }
    return this.#asked.size === 0 ? 'complete' : 'under-way';
  }

  #ask(interval: IdInterval): void {
    const requestId = this.#context.request(this.#seed, { kind: 'snapshot-request', interval });
    this.#asked.set(requestId, interval);
  }
}

/** Equal slices of the positions up to the end of the ring; positions are hashes, so members spread evenly. */
function slicesOf(interval: IdInterval, count: number): IdInterval[] {
  const first = leadingWord(interval.from);
  const step = Math.floor((WORDS - first) / count);
  if (step === 0) return [interval];
  const starts = Array.from({ length: count }, (_, i) =>
    i === 0 ? interval.from : atWord(first + i * step),
  );
  return starts.map((from, i) => ({ from, to: starts[i + 1] ?? interval.to }));
}

function atWord(word: number): RingId {
  const id = new Uint8Array(RING_ID_BYTES);
  new DataView(id.buffer).setUint32(0, word);
  return id;
}
