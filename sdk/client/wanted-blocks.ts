import type { CID } from 'multiformats/cid';

import type { Address } from '../protocol/identifiers.ts';
import { ClientError } from './client-error.ts';
import { MAX_MISSING_ROUNDS, MISSING_ROUND_PAUSE_MS } from './client-limits.ts';
import type { DownloadSchedule } from './download-schedule/download-schedule.ts';

/** A block that somebody waits for. */
export interface WantedBlock {
  readonly cid: CID;
  readonly arrived: (bytes: Uint8Array) => void;
  readonly failed: (error: unknown) => void;
  readonly promise: Promise<Uint8Array>;
  missingRounds: number;
}

/** The blocks that somebody waits for, each once however many ask; the schedule knows them by the same keys. */
export class WantedBlocks {
  readonly #schedule: DownloadSchedule;
  readonly #wants = new Map<string, WantedBlock>();

  constructor(schedule: DownloadSchedule) {
    this.#schedule = schedule;
  }

  get size(): number {
    return this.#wants.size;
  }

  get(key: string): WantedBlock | undefined {
    return this.#wants.get(key);
  }

  has(key: string): boolean {
    return this.#wants.has(key);
  }

  /** @param maxBytes most that the block can have */
  add(cid: CID, maxBytes: number): WantedBlock {
    const key = cid.toString();
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    // Whoever awaits it sees the failure; a download that has already failed awaits it no longer.
    promise.catch(() => undefined);
    const want: WantedBlock = { cid, arrived: resolve, failed: reject, promise, missingRounds: 0 };
    this.#wants.set(key, want);
    this.#schedule.want(key, maxBytes);
    return want;
  }

  /** It has arrived, or nobody waits for it any more. */
  forget(key: string): void {
    this.#wants.delete(key);
    this.#schedule.forget(key);
  }

  /** Gives every wanted block up. */
  fail(error: unknown): void {
    for (const [key, want] of this.#wants) {
      this.forget(key);
      want.failed(error);
    }
  }

  /**
   * Nodes of a new deal fill themselves one after the other: what none has is asked for again a little later.
   * @returns whether a block is missing
   */
  retryMissing(nodes: readonly Address[], nowMs: number): boolean {
    if (nodes.length === 0) return false;
    let isMissing = false;
    for (const [key, want] of this.#wants) {
      if (!this.#schedule.isUnavailable(key)) continue;
      isMissing = true;
      want.missingRounds += 1;
      if (want.missingRounds > MAX_MISSING_ROUNDS) {
        this.forget(key);
        want.failed(unavailable(key, nodes.length));
        continue;
      }
      const untilMs = nowMs + MISSING_ROUND_PAUSE_MS * 2 ** (want.missingRounds - 1);
      for (const node of nodes) this.#schedule.pause(node, untilMs);
      this.#schedule.forgive(key);
    }
    return isMissing;
  }
}

function unavailable(key: string, nodes: number): ClientError {
  return new ClientError('BLOCK_UNAVAILABLE', `No node has the block ${key}.`, {
    values: { cid: key, nodes },
    remedy: 'Try again shortly; if it persists, the publisher has to push the content again.',
  });
}
