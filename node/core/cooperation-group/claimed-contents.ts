import type { RingId } from '../one-hop-ring/ring-identifier.ts';
import { fingerprintOf, includes, isSparse } from './content-fingerprint.ts';
import { MAX_SUMMARY_CONTENTS } from './group-limits.ts';
import type { ContentSummary, SummaryChange, SummaryVersion } from './group-message.ts';

/** The contents that another member says it holds. */
export class ClaimedContents {
  readonly summary: SummaryVersion;
  readonly #bits: number;
  readonly #fingerprints: Uint32Array;

  /** The message must have been decoded: its fingerprints ascend and keep to the highest rate. */
  constructor(whole: Pick<ContentSummary, 'summary' | 'bits' | 'fingerprints'>) {
    this.summary = whole.summary;
    this.#bits = whole.bits;
    this.#fingerprints = whole.fingerprints;
  }

  get count(): number {
    return this.#fingerprints.length;
  }

  /** Probably held; wrong for at most 1 in 128 of the contents that are not. */
  claims(key: RingId): boolean {
    return includes(this.#fingerprints, fingerprintOf(key, this.summary.salt, this.#bits));
  }

  /** Is the told version the next one after this? */
  precedes(told: SummaryVersion): boolean {
    return told.salt === this.summary.salt && told.version === this.summary.version + 1;
  }

  /** The next version; undefined if the change does not fit what is known, so that the whole must be asked for. */
  changed(change: SummaryChange): ClaimedContents | undefined {
    const { salt, version } = this.summary;
    const kept = this.#fingerprints.filter((value) => !includes(change.removed, value));
    const count = kept.length + change.added.length;
    const fits =
      kept.length === this.#fingerprints.length - change.removed.length &&
      change.added.every((value) => value < 2 ** this.#bits && !includes(this.#fingerprints, value)) &&
      count <= MAX_SUMMARY_CONTENTS &&
      isSparse(count, this.#bits);
    if (!fits) return undefined;
    const fingerprints = new Uint32Array(count);
    fingerprints.set(kept);
    fingerprints.set(change.added, kept.length);
    fingerprints.sort();
    return new ClaimedContents({ summary: { salt, version: version + 1 }, bits: this.#bits, fingerprints });
  }
}
