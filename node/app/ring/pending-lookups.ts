import type { LookupOutcome } from '../../core/one-hop-ring/ring-ports.ts';
import { RingNodeError } from './ring-node-error.ts';

interface PendingLookup {
  readonly resolve: (outcome: LookupOutcome) => void;
  readonly reject: (error: RingNodeError) => void;
}

/** Lookups that the machine has not ended yet, each with whoever waits for it. */
export class PendingLookups {
  readonly #pending = new Map<number, PendingLookup>();
  #lastId = 0;

  /** @returns the number that the machine is given, and its outcome. @throws RingNodeError RING_LOOKUP_UNANSWERED */
  begin(): { readonly id: number; readonly outcome: Promise<LookupOutcome> } {
    this.#lastId += 1;
    const { promise: outcome, resolve, reject } = Promise.withResolvers<LookupOutcome>();
    this.#pending.set(this.#lastId, { resolve, reject });
    return { id: this.#lastId, outcome };
  }

  /** What became of a lookup. */
  settle(id: number, outcome: LookupOutcome): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (outcome.answeredBy !== undefined) pending?.resolve(outcome);
    else pending?.reject(unanswered(outcome.hops));
  }

  /** Nobody will answer any more. */
  giveUp(): void {
    for (const pending of this.#pending.values()) pending.reject(unanswered(0));
    this.#pending.clear();
  }
}

/** What a lookup fails with that no member answered. */
export function unanswered(hops: number): RingNodeError {
  return new RingNodeError('RING_LOOKUP_UNANSWERED', {
    message: 'No member of the ring answered the lookup in time.',
    remedy: 'Try again; see `bcdn-node status` if it persists.',
    values: { hops },
  });
}
