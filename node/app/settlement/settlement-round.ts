import { ChainError } from '../../../sdk/chain/chain-errors.ts';
import type { PaidTransaction } from '../../../sdk/chain/payments.ts';
import type { MinedTransaction } from '../../../sdk/chain/transactions.ts';
import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import type { WaitStep } from '../../core/settlement/settlement-question.ts';
import { explainWait } from '../../core/settlement/wait-reason.ts';
import { reportOf, type ErrorReport } from '../node-error.ts';
import type { NodeLog } from '../node-log.ts';
import type { GasStep } from './settlement-notes.ts';
import type { SettlementStore } from './settlement-store.ts';

/** A deal that waits: by which rule, and in words what would satisfy it. */
export type WaitingDeal = WaitStep & { readonly message: string };

/** What one round did. */
export interface SettlementReport {
  readonly paidWei: bigint;
  readonly gasCostWei: bigint;
  readonly transactions: readonly string[];
  readonly waiting: readonly WaitingDeal[];
  readonly failures: readonly (ErrorReport & { readonly dealId: DealId })[];
}

/** The last round that paid something. */
export interface LastSettlement {
  readonly atMs: number;
  readonly paidWei: bigint;
  readonly transaction: string;
}

/** Collects what a round does, and books what its transactions cost. */
export class SettlementRound {
  readonly #parts: { readonly store: SettlementStore; readonly clock: Clock; readonly log: NodeLog };
  readonly #transactions: string[] = [];
  readonly #waiting: WaitingDeal[] = [];
  readonly #failures: (ErrorReport & { dealId: DealId })[] = [];
  #paidWei = 0n;
  #gasCostWei = 0n;
  last: LastSettlement | undefined;

  constructor(parts: { readonly store: SettlementStore; readonly clock: Clock; readonly log: NodeLog }) {
    this.#parts = parts;
  }

  /**
   * Waits for a transaction, if there is one, and books what it cost, also when it was mined and failed.
   *
   * @throws as the sending
   */
  async sent(
    step: GasStep,
    dealIds: readonly DealId[],
    sending: Promise<MinedTransaction | undefined>,
  ): Promise<void> {
    try {
      const transaction = await sending;
      if (transaction !== undefined) this.#spent(step, dealIds, transaction);
    } catch (error) {
      const spent = spentInVain(error);
      if (spent !== undefined) this.#spent(step, dealIds, spent);
      throw error;
    }
  }

  /** Likewise, and counts what the transaction paid. @returns what it paid, wei */
  async paidBy(
    step: GasStep,
    dealIds: readonly DealId[],
    sending: Promise<PaidTransaction>,
  ): Promise<bigint> {
    await this.sent(
      step,
      dealIds,
      sending.then(({ transaction }) => transaction),
    );
    const { payments, transaction } = await sending;
    const paidWei = payments.reduce((sum, payment) => sum + payment.paidWei, 0n);
    if (paidWei === 0n) return 0n;
    this.#paidWei += paidWei;
    this.last = { atMs: this.#parts.clock.nowMs(), paidWei, transaction: transaction.hash };
    this.#parts.log.info({ paidWei: paidWei.toString(), transaction: transaction.hash }, 'Settled');
    return paidWei;
  }

  waits(step: WaitStep): void {
    this.#waiting.push({ ...step, message: explainWait(step) });
  }

  /** A deal whose settling failed; it is tried again. */
  failed(dealId: DealId, error: unknown): ErrorReport {
    const report = reportOf(error);
    this.#failures.push({ ...report, dealId });
    const { code, message } = report;
    this.#parts.log.warn({ dealId, code, reason: message }, 'A deal could not be settled yet');
    return report;
  }

  #spent(
    step: GasStep,
    dealIds: readonly DealId[],
    { hash, gasUsed, gasCostWei }: Pick<MinedTransaction, 'hash' | 'gasUsed' | 'gasCostWei'>,
  ): void {
    const { store, clock } = this.#parts;
    const atSeconds = Math.floor(clock.nowMs() / 1000);
    store.noteGas({ transaction: hash, step, dealIds, gasUsed, gasCostWei, atSeconds });
    this.#transactions.push(hash);
    this.#gasCostWei += gasCostWei;
  }

  get report(): SettlementReport {
    return {
      paidWei: this.#paidWei,
      gasCostWei: this.#gasCostWei,
      transactions: this.#transactions,
      waiting: this.#waiting,
      failures: this.#failures,
    };
  }
}

/** What a transaction cost that was mined and failed. */
function spentInVain(error: unknown): Pick<MinedTransaction, 'hash' | 'gasUsed' | 'gasCostWei'> | undefined {
  if (!(error instanceof ChainError)) return undefined;
  const { hash, gasUsed, gasCostWei } = error.values;
  const isWhole = typeof hash === 'string' && typeof gasUsed === 'bigint' && typeof gasCostWei === 'bigint';
  return isWhole ? { hash: hash as Hex, gasUsed, gasCostWei } : undefined;
}
