import { pause } from '../../adapters/chain/chain-follower.ts';
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
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(foundation: Foundation, ties: DrainTies) {
    this.#foundation = foundation;
    this.#ties = ties;
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
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

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(SETTLE_LOOK_MS, signal);
      if (signal.aborted || !this.#foundation.drain.isSet) continue;
      await this.#settle(signal).catch((error: unknown) => {
        const { code, message } = reportOf(error);
        if (!signal.aborted)
          this.#foundation.log.warn({ code, reason: message }, 'Draining could not settle');
      });
    }
  }

  /** Settles what is due as if the operator had asked: thresholds hold nothing back, the gas ceiling does. */
  async #settle(signal: AbortSignal): Promise<void> {
    const settlement = this.#ties.settlement();
    if (settlement === undefined) return;
    const { plan } = await settlement.preview(true);
    const isDue = plan.steps.some((step) => step.kind !== 'wait' && step.dueWei > 0n);
    if (isDue) await settlement.settle(true, signal);
  }
}
