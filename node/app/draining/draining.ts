import { systemClock } from '../../../sdk/pacing/clock.ts';
import { Rounds } from '../../../sdk/pacing/rounds.ts';
import type { DrainDocument } from '../control/drain-documents.ts';
import { earningsSummary } from '../earnings/earnings-summary.ts';
import { runningEarnings } from '../earnings/running-earnings.ts';
import type { Foundation } from '../foundation.ts';
import { reportOf } from '../node-error.ts';
import type { PeerStore } from '../peers/peer-store.ts';
import type { SettlementLoop } from '../settlement/settlement-loop.ts';

/** While the node drains, what may be settled is looked for this often. */
const SETTLE_LOOK_MS = 5_000;

/** What draining reaches of a running node. */
export interface DrainTies {
  /** Grants under which something may still be asked for. */
  openGrants(): number;
  atRiskBytes(): bigint;
  /** Undefined until the node settles, and on peers. */
  settlement(): Pick<SettlementLoop, 'preview' | 'settle'> | undefined;
  peerStore(): PeerStore | undefined;
  /** Takes up contents again when draining was cancelled. */
  fillAgain(): void;
  /** Ends the filling of contents. */
  stopFilling(): Promise<void>;
}

/** Empties a running node: nothing new, what runs is finished, and everything due is settled whatever the thresholds say. */
export class Draining {
  readonly #foundation: Foundation;
  readonly #ties: DrainTies;
  readonly #looks: Rounds;

  constructor(foundation: Foundation, ties: DrainTies) {
    this.#foundation = foundation;
    this.#ties = ties;
    this.#looks = new Rounds(
      {
        clock: systemClock,
        round: (signal) => this.#settle(signal),
        onFailure: (error) => {
          const { code, message } = reportOf(error);
          foundation.log.warn({ code, reason: message }, 'Draining could not settle');
        },
      },
      { pauseMs: () => SETTLE_LOOK_MS },
    );
  }

  start(): void {
    this.#looks.start();
  }

  async stop(): Promise<void> {
    await this.#looks.stop();
  }

  /** Draining outlives a restart once this has resolved. */
  async begin(): Promise<DrainDocument> {
    const { drain, clock, log } = this.#foundation;
    if (!drain.isSet) log.info('The operator drains the node');
    await drain.set(clock);
    await this.#ties.stopFilling();
    return this.report();
  }

  async cancel(): Promise<DrainDocument> {
    const { drain, log } = this.#foundation;
    if (drain.isSet) log.info('The node takes new work again');
    await drain.clear();
    this.#ties.fillAgain();
    return this.report();
  }

  /** What is left to do; it is done when nothing is under way and nothing is owed. */
  report(): DrainDocument {
    const { sinceMs } = this.#foundation.drain;
    const money = earningsSummary(runningEarnings(this.#foundation, this.#ties.peerStore()));
    const openGrants = this.#ties.openGrants();
    const owedWei = money.unsettledWei + money.voucherDueWei + money.inClaimWei;
    return {
      draining: sinceMs !== undefined,
      running: true,
      since: sinceMs === undefined ? null : new Date(sinceMs).toISOString(),
      done: sinceMs !== undefined && openGrants === 0 && owedWei === 0n,
      left: {
        openGrants,
        atRiskBytes: this.#ties.atRiskBytes().toString(),
        unsettledWei: money.unsettledWei.toString(),
        voucherDueWei: money.voucherDueWei.toString(),
        inClaimWei: money.inClaimWei.toString(),
      },
    };
  }

  /** Of a node that drains, settles what is due as if the operator had asked: thresholds hold nothing back, the gas ceiling does. */
  async #settle(signal: AbortSignal): Promise<void> {
    const settlement = this.#ties.settlement();
    if (settlement === undefined || !this.#foundation.drain.isSet) return;
    const { plan } = await settlement.preview(true);
    const isDue = plan.steps.some((step) => step.kind !== 'wait' && step.dueWei > 0n);
    if (isDue) await settlement.settle(true, signal);
  }
}
