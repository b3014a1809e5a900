import { LAST_PAYMENTS_TIMEOUT_MS } from '../../../../sdk/publish/publish-limits.ts';
import type { DealMoney } from '../deal-figures.ts';

/**
 * Nodes whose money has thawed although they are not paid all that they delivered: they are waited for, a minute at most
 * from when this page first saw it, because a dead node must not hold up the refund (the coordinator's SPEC.md, end of a
 * deal; `bcdn deal close` waits by the same rule).
 */
export class AwaitedPayments {
  readonly #sinceMs = new Map<string, number>();

  /** @param thawed nodes whose money the chain would give back now */
  among(
    thawed: readonly string[],
    { allocations }: Pick<DealMoney, 'allocations'>,
    nowMs: number,
  ): readonly string[] {
    const unpaid = new Set(
      allocations.filter(({ outstanding }) => outstanding !== null).map(({ node }) => node),
    );
    return thawed.filter((node) => {
      if (!unpaid.has(node)) return false;
      const sinceMs = this.#sinceMs.get(node) ?? nowMs;
      this.#sinceMs.set(node, sinceMs);
      return nowMs - sinceMs < LAST_PAYMENTS_TIMEOUT_MS;
    });
  }
}
