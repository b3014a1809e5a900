import { claimDirect, redeemVouchers, type PaidTransaction } from '../../../sdk/chain/payments.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { lateEpochsOf } from '../../../sdk/protocol/epoch.ts';
import { parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { SignedVoucher } from '../../../sdk/protocol/voucher.ts';
import type { CachedDealDirectory } from '../../adapters/chain/cached-deal-directory.ts';
import { pause } from '../../adapters/chain/chain-follower.ts';
import type { ChainReader } from '../../adapters/chain/chain-reader.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import type { DeliveryLedger } from '../../core/delivery/delivery-ledger.ts';
import { LateReceiptWatch } from '../../core/settlement/late-receipts.ts';
import { MAX_VOUCHERS_PER_BATCH, VOUCHER_GAS } from '../../core/settlement/settlement-limits.ts';
import {
  dueWei,
  lastRipeEpoch,
  planSettlement,
  type SettlementPlan,
  type SettlementStep,
} from '../../core/settlement/settlement-plan.ts';
import type { NodeLog } from '../node-log.ts';
import { reportOf, type ErrorReport } from '../node-error.ts';
import { dealAccounts } from './deal-accounts.ts';
import { forgetEpochs } from './paid-receipts.ts';
import type { SettlementStore } from './settlement-store.ts';
import { collectVoucher, type VoucherCollectionParts } from './voucher-collection.ts';

/** Epochs that take receipts from viewers although they are ripe, when nothing is settled meanwhile. */
const LATE_EPOCHS = 2;
/** After a failed round the next one comes no sooner. */
const RETRY_MS = 2_000;

export interface SettlementParts extends VoucherCollectionParts {
  readonly ledger: DeliveryLedger;
  readonly journal: ReceiptJournal;
  readonly directory: CachedDealDirectory;
  readonly store: SettlementStore;
  readonly reader: ChainReader;
  readonly sender: TransactionSender;
  readonly clock: Clock;
  readonly log: NodeLog;
}

export interface SettlementOptions {
  readonly epochSeconds: number;
  readonly minimumDueWei: bigint;
  readonly directClaimAfterEpochs: number;
  /** Token wei that one native coin is worth; 0 leaves gas out of the decision. */
  readonly gasTokenWei: bigint;
}

/** What one round did. */
export interface SettlementReport {
  readonly paidWei: bigint;
  readonly gasCostWei: bigint;
  readonly transactions: readonly string[];
  readonly waiting: readonly { readonly dealId: DealId; readonly reason: string; readonly dueWei: bigint }[];
  readonly failures: readonly (ErrorReport & { readonly dealId: DealId })[];
}

/** The last round that paid something. */
export interface LastSettlement {
  readonly atMs: number;
  readonly paidWei: bigint;
  readonly transaction: string;
}

interface Round {
  readonly transactions: string[];
  readonly failures: (ErrorReport & { dealId: DealId })[];
  paidWei: bigint;
  gasCostWei: bigint;
}

const NATIVE_WEI = 10n ** 18n;

/** Turns receipts of ended epochs into payments, epoch after epoch, whatever fails in between. */
export class SettlementLoop {
  readonly #parts: SettlementParts;
  readonly #options: SettlementOptions;
  readonly #late: LateReceiptWatch;
  #turn: Promise<unknown> = Promise.resolve();
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #last: LastSettlement | undefined;

  constructor(parts: SettlementParts, options: SettlementOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#late = new LateReceiptWatch({ lateEpochs: lateEpochsOf(options.epochSeconds) });
  }

  get last(): LastSettlement | undefined {
    return this.#last;
  }

  start(): void {
    this.#stopping = new AbortController();
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** Ends the loop; a transaction that is under way is not waited for: it is found on chain at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#running = undefined;
  }

  /** What would be done now, and what a unit of gas costs in the chain's coin. */
  async preview(requested: boolean): Promise<{ plan: SettlementPlan; gasPriceWei: bigint }> {
    const gasPriceWei = await this.#parts.reader.gasPriceWei();
    return { plan: this.#plan(requested, gasPriceWei), gasPriceWei };
  }

  /** What the next round would do, gas left out. */
  plan(): SettlementPlan {
    return this.#plan(false, 0n);
  }

  /** One round now; rounds never overlap. @throws ChainError when the chain is away */
  settle(requested: boolean, signal: AbortSignal): Promise<SettlementReport> {
    const round = this.#turn.then(() => this.#settle(requested, signal));
    this.#turn = round.catch(() => undefined);
    return round;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const failed = await this.settle(false, signal).then(
        (report) => report.failures.length > 0,
        (error: unknown) => {
          if (!signal.aborted) this.#parts.log.warn({ error }, 'Settling failed and will be tried again');
          return true;
        },
      );
      const now = this.#parts.clock.nowMs();
      const { nextWakeMs } = this.#plan(false, 0n);
      await pause(Math.max(nextWakeMs - now, failed ? RETRY_MS : 0), signal);
    }
  }

  async #settle(requested: boolean, signal: AbortSignal): Promise<SettlementReport> {
    await this.#parts.journal.flush();
    await this.#closeLateEpochs();
    this.#noteLosses();
    const { plan, gasPriceWei } = await this.preview(requested);
    const round: Round = { transactions: [], failures: [], paidWei: 0n, gasCostWei: 0n };
    for (const step of plan.steps) {
      if (step.kind === 'wait') continue;
      try {
        if (step.kind === 'direct-claim') await this.#claim(step, round, signal);
        else await this.#collect(step, signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#fail(step.dealId, error, round);
      }
    }
    const vouchers = this.#redeemable(requested, gasPriceWei);
    for (let first = 0; first < vouchers.length; first += MAX_VOUCHERS_PER_BATCH) {
      await this.#redeem(vouchers.slice(first, first + MAX_VOUCHERS_PER_BATCH), round, signal);
    }
    await this.#forgetPaid();
    return {
      paidWei: round.paidWei,
      gasCostWei: round.gasCostWei,
      transactions: round.transactions,
      failures: round.failures,
      waiting: plan.steps.filter((step) => step.kind === 'wait'),
    };
  }

  #plan(requested: boolean, gasPriceWei: bigint): SettlementPlan {
    const { clock } = this.#parts;
    const { epochSeconds } = this.#options;
    const nowMs = clock.nowMs();
    const ripe = lastRipeEpoch(nowMs, epochSeconds) ?? parseEpoch(0);
    const mayKnowMore = (dealId: DealId): boolean => requested || this.#late.isDue(dealId, ripe);
    return planSettlement({
      nowMs,
      epochSeconds,
      requested,
      deals: dealAccounts(this.#parts, { epochSeconds, mayKnowMore }),
      policy: {
        minimumDueWei: this.#options.minimumDueWei,
        directClaimAfterEpochs: this.#options.directClaimAfterEpochs,
        tokenWeiPerGas: this.#tokenWeiPerGas(gasPriceWei),
      },
    });
  }

  /**
   * Kept vouchers that are worth a transaction now; also those of an earlier run, or of an escrow that was topped up.
   */
  #redeemable(requested: boolean, gasPriceWei: bigint): SignedVoucher[] {
    const gasWei = VOUCHER_GAS * this.#tokenWeiPerGas(gasPriceWei);
    return this.#parts.directory.own().flatMap(({ deal, allocation }) => {
      const signed = this.#parts.store.voucher(deal.dealId);
      if (signed === undefined || allocation.state === 'released') return [];
      if (signed.voucher.throughEpoch < allocation.throughEpoch) return [];
      const due = dueWei(allocation, signed.voucher.cumulative);
      const pressed = requested || allocation.thawEndEpoch !== undefined;
      const worth = pressed || (due >= this.#options.minimumDueWei && due > gasWei);
      return due > 0n && worth ? [signed] : [];
    });
  }

  #tokenWeiPerGas(gasPriceWei: bigint): bigint {
    return (gasPriceWei * this.#options.gasTokenWei) / NATIVE_WEI;
  }

  /** Gets and keeps the voucher of ended epochs. */
  async #collect(step: Extract<SettlementStep, { kind: 'voucher' }>, signal: AbortSignal): Promise<void> {
    const { store, directory } = this.#parts;
    const own = await directory.refresh(step.dealId);
    if (own === undefined) return;
    await this.#closeEpochs(step.dealId, step.throughEpoch);
    this.#noteLosses();
    const wish = { own, throughEpoch: step.throughEpoch, cumulativeWei: step.cumulativeWei };
    const { signed, recoveredBytes } = await collectVoucher(this.#parts, wish, signal);
    store.noteAnswering(step.dealId);
    store.keepVoucher(signed);
    this.#late.noteAsked(step.dealId, step.throughEpoch, Number(recoveredBytes));
  }

  async #redeem(vouchers: SignedVoucher[], round: Round, signal: AbortSignal): Promise<void> {
    const { sender } = this.#parts;
    try {
      const paid = await redeemVouchers(sender, vouchers, sender.address, signal);
      const dealIds = vouchers.map(({ voucher }) => voucher.dealId);
      await this.#book(dealIds, paid, round);
    } catch (error) {
      signal.throwIfAborted();
      const [only] = vouchers;
      if (vouchers.length === 1 && only !== undefined) {
        this.#fail(only.voucher.dealId, error, round);
        return;
      }
      if (reportOf(error).code !== 'CHAIN_REVERTED') throw error;
      // One bad voucher must not hold up the others.
      for (const voucher of vouchers) await this.#redeem([voucher], round, signal);
    }
  }

  async #claim(
    step: Extract<SettlementStep, { kind: 'direct-claim' }>,
    round: Round,
    signal: AbortSignal,
  ): Promise<void> {
    const { journal, sender, directory } = this.#parts;
    const own = await directory.refresh(step.dealId);
    if (own === undefined) return;
    await this.#closeEpochs(step.dealId, step.toEpoch);
    const fromEpoch = parseEpoch(own.allocation.throughEpoch + 1);
    const receipts = journal.receipts({ dealId: step.dealId, fromEpoch, throughEpoch: step.toEpoch });
    const claim = { dealId: step.dealId, toEpoch: step.toEpoch, receipts, to: sender.address };
    const paid = await claimDirect(sender, claim, signal);
    await this.#book([step.dealId], paid, round);
  }

  /** After a payment: reads anew what the chain says of the deals. */
  async #book(settled: readonly DealId[], paid: PaidTransaction, round: Round): Promise<void> {
    const { directory, log, clock } = this.#parts;
    const paidWei = paid.payments.reduce((sum, payment) => sum + payment.paidWei, 0n);
    round.paidWei += paidWei;
    round.gasCostWei += paid.transaction.gasCostWei;
    round.transactions.push(paid.transaction.hash);
    this.#last = { atMs: clock.nowMs(), paidWei, transaction: paid.transaction.hash };
    log.info({ paidWei: paidWei.toString(), transaction: paid.transaction.hash }, 'Settled');
    for (const dealId of settled) await directory.refresh(dealId);
  }

  /** Forgets receipts that are paid and cannot be followed by late ones; all that are paid when room is short. */
  async #forgetPaid(): Promise<void> {
    const { directory, journal, store, log } = this.#parts;
    const ripeEpoch = this.#ripeEpoch();
    if (ripeEpoch === undefined) return;
    for (const { deal, allocation } of directory.own()) {
      const { dealId } = deal;
      const active = allocation.state !== 'released';
      const unpaidWei = (store.voucher(dealId)?.voucher.cumulative ?? 0n) - allocation.paidWei;
      // What an empty escrow could not cover stays until it is topped up.
      if (active && allocation.balanceWei === 0n && unpaidWei > 0n) continue;
      const settledThrough = allocation.throughEpoch;
      const willAsk = active && allocation.balanceWei > 0n && store.failingSince(dealId) === undefined;
      const last = journal.isCrowded
        ? settledThrough
        : this.#late.forgettableThrough(dealId, { settledThrough, ripeEpoch, willAsk });
      try {
        if (last !== undefined) await forgetEpochs(this.#parts, dealId, last);
      } catch (error) {
        log.warn({ dealId, error }, 'Paid receipts could not be let go and stay in the journal');
      }
    }
  }

  /** Ends epochs for viewers' receipts. */
  async #closeEpochs(dealId: DealId, throughEpoch: Epoch): Promise<void> {
    const { ledger, journal } = this.#parts;
    ledger.closeEpochs(dealId, throughEpoch);
    const noted = journal.totals(dealId)?.closedThrough;
    if (noted === undefined || noted < throughEpoch) await journal.closeEpochs(dealId, throughEpoch);
    await journal.flush();
  }

  /** Bytes that were served in closed epochs without a receipt: viewers may hand it to the coordinator. */
  #noteLosses(): void {
    const ripeEpoch = this.#ripeEpoch();
    if (ripeEpoch === undefined) return;
    for (const { dealId, lostBytes } of this.#parts.ledger.meters()) {
      this.#late.noteLost(dealId, lostBytes, ripeEpoch);
    }
  }

  #ripeEpoch(): Epoch | undefined {
    return lastRipeEpoch(this.#parts.clock.nowMs(), this.#options.epochSeconds);
  }

  /** Sessions of epochs long past would stay in memory for ever where nothing is settled. */
  async #closeLateEpochs(): Promise<void> {
    const ripe = this.#ripeEpoch();
    if (ripe === undefined || ripe < LATE_EPOCHS) return;
    for (const meter of this.#parts.ledger.meters()) {
      if (meter.liveGrants > 0) await this.#closeEpochs(meter.dealId, parseEpoch(ripe - LATE_EPOCHS));
    }
  }

  #fail(dealId: DealId, error: unknown, round: Round): void {
    const report = reportOf(error);
    const ofCoordinator = report.code.startsWith('COORDINATOR_') || report.code === 'VOUCHER_WRONG';
    const badVoucher = report.values['error'] === 'InvalidVoucherSignature';
    if (ofCoordinator || badVoucher) {
      this.#parts.store.noteFailing(dealId, this.#ripeEpoch() ?? parseEpoch(0));
    }
    round.failures.push({ ...report, dealId });
    this.#parts.log.warn(
      { dealId, code: report.code, reason: report.message },
      'A deal could not be settled yet',
    );
  }
}
