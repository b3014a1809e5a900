import { lateEpochsOf } from '../../../sdk/protocol/epoch.ts';
import { parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { Rounds } from '../../../sdk/pacing/rounds.ts';
import type { ChainReader } from '../../adapters/chain/chain-reader.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import { lastRipeEpoch } from '../../core/settlement/settlement-plan.ts';
import { reportOf } from '../node-error.ts';
import { claimEarnings, type PeerClaimingParts, type WaitingRoots } from './peer-claiming.ts';
import { handInReceipts, type PeerCollectionParts } from './peer-collection.ts';
import type { PeerAccount } from './peer-store.ts';

/** Rounds in an epoch; each costs the coordinator a question for every deal with money under way. */
const ROUNDS_PER_EPOCH = 5;
const MIN_ROUND_MS = 1_000;
const MAX_ROUND_MS = 60_000;
/** What viewers hand in late is asked for so often while the late window is open. */
const LATE_QUESTION_EPOCHS = 8;
const NATIVE_WEI = 10n ** 18n;

export type PeerSettlementParts = Omit<PeerCollectionParts, 'journal' | 'coordinator'> &
  Omit<PeerClaimingParts, 'coordinator'> & {
    readonly coordinator: PeerCollectionParts['coordinator'] & PeerClaimingParts['coordinator'];
    readonly journal: ReceiptJournal;
    readonly reader: Pick<ChainReader, 'gasPriceWei'>;
  };

export interface PeerSettlementOptions {
  readonly epochSeconds: number;
  readonly minimumDueWei: bigint;
  /** Token wei that one native coin is worth; 0 leaves gas out of the decision. */
  readonly gasTokenWei: bigint;
}

/** Turns a peer's receipts into tokens, epoch after epoch: hands them in, waits for a root, claims. */
export class PeerSettlement {
  readonly #parts: PeerSettlementParts;
  readonly #options: PeerSettlementOptions;
  readonly #waiting: WaitingRoots = new Map();
  readonly #askedThrough = new Map<DealId, Epoch>();
  readonly #rounds: Rounds;

  constructor(parts: PeerSettlementParts, options: PeerSettlementOptions) {
    this.#parts = parts;
    this.#options = options;
    const roundMs = (options.epochSeconds * 1000) / ROUNDS_PER_EPOCH;
    this.#rounds = new Rounds(
      {
        clock: systemClock,
        round: (signal) => this.#settleAll(signal),
        onFailure: (error) => parts.log.warn({ error }, 'Peer accounts wait and are tried again'),
      },
      { pauseMs: () => Math.min(MAX_ROUND_MS, Math.max(MIN_ROUND_MS, roundMs)) },
    );
  }

  start(): void {
    this.#rounds.start();
  }

  /** Ends the rounds; what was not claimed is claimed after the next start. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  /** A deal that fails holds up no other. */
  async #settleAll(signal: AbortSignal): Promise<void> {
    for (const dealId of this.#parts.journal.deals()) {
      if (signal.aborted) return;
      await this.#settle(dealId, signal).catch((error: unknown) => {
        const { code, message, values } = reportOf(error);
        if (signal.aborted) return;
        // Its clock may be a little behind this one's.
        const level = values['refusal'] === 'EPOCH_NOT_ENDED' ? 'debug' : 'warn';
        this.#parts.log[level]({ dealId, code, reason: message }, 'A peer account waits and is tried again');
      });
    }
  }

  async #settle(dealId: DealId, signal: AbortSignal): Promise<void> {
    const { clock, store, reader } = this.#parts;
    const { epochSeconds, minimumDueWei, gasTokenWei } = this.#options;
    const ripe = lastRipeEpoch(clock.nowMs(), epochSeconds);
    if (ripe === undefined) return;
    const account = store.account(dealId);
    if (this.#mayHandIn(account, ripe)) {
      await handInReceipts(this.#parts, { dealId, throughEpoch: ripe, epochSeconds }, signal);
    }
    const { earnedWei, paidWei } = store.account(dealId);
    if (earnedWei > paidWei || this.#mayHaveLate(dealId, ripe)) {
      const gasPriceWei = gasTokenWei === 0n ? 0n : await reader.gasPriceWei();
      const policy = {
        minimumDueWei,
        tokenWeiPerGas: (gasPriceWei * gasTokenWei) / NATIVE_WEI,
        postGraceMs: Math.min(MAX_ROUND_MS, epochSeconds * 1000),
      };
      await claimEarnings(this.#parts, { dealId, policy, waiting: this.#waiting }, signal);
    }
    await this.#forgetPaid(dealId, ripe);
  }

  /** Once an epoch while viewers can hand receipts in late. */
  #mayHaveLate(dealId: DealId, ripe: Epoch): boolean {
    if (this.#askedThrough.get(dealId) === ripe) return false;
    const { coveredThrough, handedThrough } = this.#parts.store.account(dealId);
    this.#askedThrough.set(dealId, ripe);
    return ripe - Math.max(coveredThrough, handedThrough) <= lateEpochsOf(this.#options.epochSeconds);
  }

  /** There are new receipts, or viewers may have handed some in late. */
  #mayHandIn({ dealId, handedThrough }: PeerAccount, ripe: Epoch): boolean {
    if (handedThrough >= ripe) return false;
    const byEpoch = this.#parts.journal.totals(dealId)?.receiptedByEpoch ?? new Map<Epoch, bigint>();
    const epochs = [...byEpoch].flatMap(([epoch, bytes]) => (bytes > 0n && epoch <= ripe ? [epoch] : []));
    if (epochs.some((epoch) => epoch > handedThrough)) return true;
    const lateEpochs = lateEpochsOf(this.#options.epochSeconds);
    const isOpen = epochs.some((epoch) => ripe - epoch <= lateEpochs);
    return isOpen && ripe - handedThrough >= Math.max(1, Math.floor(lateEpochs / LATE_QUESTION_EPOCHS));
  }

  /** Epochs that are paid and whose late window is over are no longer kept receipt by receipt. */
  async #forgetPaid(dealId: DealId, ripe: Epoch): Promise<void> {
    const { journal, store } = this.#parts;
    const { coveredThrough, earnedWei, paidWei } = store.account(dealId);
    const last = Math.min(coveredThrough, ripe - lateEpochsOf(this.#options.epochSeconds) - 1);
    const kept = journal.totals(dealId)?.receiptedByEpoch ?? new Map<Epoch, bigint>();
    const isOver = earnedWei === paidWei && [...kept.keys()].some((epoch) => epoch <= last);
    if (isOver) await journal.markPaid(dealId, parseEpoch(last));
  }
}
