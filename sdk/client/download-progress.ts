import type { Address } from '../protocol/identifiers.ts';
import { PROGRESS_WINDOW_MS } from './client-limits.ts';

/** A node that blocks come from. */
export interface SourceProgress {
  readonly node: Address;
  /** Verified bytes. */
  readonly bytes: number;
  /** While it is in use and was measured. */
  readonly bytesPerSecond: number | undefined;
}

/** How far a fetch is. */
export interface FetchProgress {
  /** Bytes in the sink, those of an earlier attempt included. */
  readonly bytes: number;
  /** Bytes wanted in all. */
  readonly totalBytes: number;
  /** Over the last seconds; 0 until something came. */
  readonly bytesPerSecond: number;
  /** Seconds until everything is there if it goes on like this; undefined while nothing comes. */
  readonly etaSeconds: number | undefined;
  /** The fastest first. */
  readonly sources: readonly SourceProgress[];
}

/** Rate and time left, from the bytes written over the last seconds. Pure: time comes in as an argument. */
export class ProgressMeter {
  readonly #marks: { readonly atMs: number; readonly bytes: number }[] = [];

  /** So many bytes of all were written by now. */
  note(
    bytes: number,
    totalBytes: number,
    nowMs: number,
  ): Pick<FetchProgress, 'bytes' | 'totalBytes' | 'bytesPerSecond' | 'etaSeconds'> {
    this.#marks.push({ atMs: nowMs, bytes });
    while (this.#marks.length > 2 && nowMs - (this.#marks[1]?.atMs ?? nowMs) >= PROGRESS_WINDOW_MS)
      this.#marks.shift();
    const first = this.#marks[0];
    const elapsedMs = nowMs - (first?.atMs ?? nowMs);
    const bytesPerSecond = elapsedMs > 0 ? ((bytes - (first?.bytes ?? bytes)) * 1_000) / elapsedMs : 0;
    const etaSeconds = bytesPerSecond > 0 ? (totalBytes - bytes) / bytesPerSecond : undefined;
    return { bytes, totalBytes, bytesPerSecond, etaSeconds };
  }
}
