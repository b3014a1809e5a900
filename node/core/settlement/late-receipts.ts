import { parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import { RECHECK_EPOCHS } from './settlement-limits.ts';

/** What is known of one deal's late receipts. Some 100 bytes a deal, for as many as the deal directory holds. */
interface DealWatch {
  /** Sum of lost bytes as last told. */
  toldBytes: number;
  /** Served without a receipt, and not recovered since. */
  missingBytes: number;
  /** Last epoch in which the coordinator can still take receipts for the missing bytes. */
  openThrough: Epoch;
  /** The next pause between questions. */
  pauseEpochs: number;
  askFrom: Epoch;
  /** Last epoch that a question covered; undefined before the first answer. */
  askedThrough: Epoch | undefined;
}

/** How far a deal is settled, for deciding what can be forgotten. */
export interface SettledSpan {
  /** Last epoch that is settled on chain. */
  readonly settledThrough: Epoch;
  readonly ripeEpoch: Epoch;
  /** The coordinator will be asked again: what it may still hand over must find its epoch remembered. */
  readonly willAsk: boolean;
}

/**
 * Decides when to ask the coordinator for receipts that viewers handed to it after an epoch was closed, and how long
 * paid epochs are remembered for them (marketplace/coordinator/SPEC.md, receipts of viewers). Pure; it starts empty
 * with each run: then every deal is asked at once, because a run that fell may have served what it did not write down.
 */
export class LateReceiptWatch {
  readonly #lateEpochs: number;
  readonly #deals = new Map<DealId, DealWatch>();

  /** @param options.lateEpochs epochs after its end in which the coordinator takes receipts of an epoch */
  constructor(options: { lateEpochs: number }) {
    this.#lateEpochs = options.lateEpochs;
  }

  /** Tells the sum of bytes that were ever lost in a deal, as of the last ended epoch. More than before: ask soon. */
  noteLost(dealId: DealId, lostBytes: number, ripeEpoch: Epoch): void {
    const watch = this.#watchOf(dealId, ripeEpoch);
    const grownBytes = lostBytes - watch.toldBytes;
    if (grownBytes <= 0) return;
    watch.toldBytes = lostBytes;
    if (ripeEpoch > watch.openThrough) watch.missingBytes = 0;
    watch.missingBytes += grownBytes;
    watch.openThrough = parseEpoch(ripeEpoch + this.#lateEpochs);
    watch.pauseEpochs = 1;
    if (watch.askFrom > ripeEpoch) watch.askFrom = ripeEpoch;
  }

  /** Tells that the coordinator answered for the epochs up to one, and what the node learned by it. */
  noteAsked(dealId: DealId, throughEpoch: Epoch, recoveredBytes: number): void {
    const watch = this.#watchOf(dealId, throughEpoch);
    watch.askedThrough = throughEpoch;
    watch.missingBytes = Math.max(0, watch.missingBytes - recoveredBytes);
    const waiting = watch.missingBytes > 0 && throughEpoch < watch.openThrough;
    watch.askFrom = parseEpoch(throughEpoch + (waiting ? watch.pauseEpochs : RECHECK_EPOCHS));
    watch.pauseEpochs = Math.min(2 * watch.pauseEpochs, RECHECK_EPOCHS);
  }

  /** Whether the coordinator of a deal is to be asked although nothing is due. */
  isDue(dealId: DealId, ripeEpoch: Epoch): boolean {
    return ripeEpoch >= (this.#deals.get(dealId)?.askFrom ?? 0);
  }

  /** Last epoch that the coordinator has answered for; undefined before the first answer. */
  askedThrough(dealId: DealId): Epoch | undefined {
    return this.#deals.get(dealId)?.askedThrough;
  }

  /** Last epoch whose receipts need no longer be kept; undefined when all must stay. */
  forgettableThrough(dealId: DealId, span: SettledSpan): Epoch | undefined {
    const seenThrough = span.willAsk ? this.#deals.get(dealId)?.askedThrough : span.ripeEpoch;
    if (seenThrough === undefined) return undefined;
    const last = Math.min(span.settledThrough, seenThrough - this.#lateEpochs - 1);
    return last < 0 ? undefined : parseEpoch(last);
  }

  #watchOf(dealId: DealId, ripeEpoch: Epoch): DealWatch {
    let watch = this.#deals.get(dealId);
    if (watch === undefined) {
      watch = {
        toldBytes: 0,
        missingBytes: Infinity,
        openThrough: parseEpoch(ripeEpoch + this.#lateEpochs),
        pauseEpochs: 1,
        askFrom: parseEpoch(0),
        askedThrough: undefined,
      };
      this.#deals.set(dealId, watch);
    }
    return watch;
  }
}
