import { readClaimTerms, type ClaimTerms } from '../../../sdk/chain/claims.ts';
import { claimDirect, redeemVouchers } from '../../../sdk/chain/payments.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { lateEpochsOf } from '../../../sdk/protocol/epoch.ts';
import { parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { SignedVoucher } from '../../../sdk/protocol/voucher.ts';
import type { CachedDealDirectory } from '../../adapters/chain/cached-deal-directory.ts';
import { pause } from '../../../sdk/pacing/pause.ts';
import type { ChainReader } from '../../adapters/chain/chain-reader.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import type { ClaimSnapshots } from '../../adapters/disk/claim-snapshots.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import type { DeliveryLedger } from '../../core/delivery/delivery-ledger.ts';
import { UNREAD_CLAIM_TERMS } from '../../core/settlement/claim-route.ts';
import { LateReceiptWatch } from '../../core/settlement/late-receipts.ts';
import { MAX_VOUCHERS_PER_BATCH, VOUCHER_GAS } from '../../core/settlement/settlement-limits.ts';
import {
  cumulativeWei,
  dueWei,
  gasAboveCeiling,
  lastRipeEpoch,
  planSettlement,
  type SettlementPlan,
} from '../../core/settlement/settlement-plan.ts';
import type {
  DealAccount,
  SettlementQuestion,
  SettlementStep,
} from '../../core/settlement/settlement-question.ts';
import type { NodeLog } from '../node-log.ts';
import { reportOf } from '../node-error.ts';
import { dealAccounts } from './deal-accounts.ts';
import { forgetPaid } from './paid-receipts.ts';
import { handInReceipts } from './receipt-hand-in.ts';
import { SampledClaims } from './sampled-claims.ts';
import { SettlementRound, type LastSettlement, type SettlementReport } from './settlement-round.ts';
import type { SettlementStore } from './settlement-store.ts';
import { isPaidByVoucher } from './voucher-before-claim.ts';
import { collectForClaim, collectVoucher, type VoucherCollectionParts } from './voucher-collection.ts';

/** Epochs that take receipts from viewers although they are ripe, when nothing is settled meanwhile. */
const LATE_EPOCHS = 2;
/** After a failed round the next one comes no sooner. */
const RETRY_MS = 2_000;
/** While a sampled claim is open, the chain is looked at this often: its windows are counted in blocks. */
const CLAIM_LOOK_MS = 1_000;

export interface SettlementParts extends VoucherCollectionParts {
  readonly ledger: Pick<DeliveryLedger, 'closeEpochs' | 'meters'>;
  readonly journal: ReceiptJournal;
  readonly directory: CachedDealDirectory;
  readonly store: SettlementStore;
  readonly snapshots: ClaimSnapshots;
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
  /** Price of a unit of gas, wei of ether, above which nothing new is sent. */
  readonly maxGasPriceWei?: bigint | undefined;
  /** Claim by samples from so many receipts on; undefined: where it is cheaper. */
  readonly sampledClaimFromReceipts?: number | undefined;
}

/** What the chain says when a plan is made; absent when it was not asked. */
type ChainFigures = Pick<SettlementQuestion, 'gasPriceWei' | 'bondableWei'>;

const NATIVE_WEI = 10n ** 18n;

/** Turns receipts of ended epochs into payments, epoch after epoch, whatever fails in between. */
export class SettlementLoop {
  readonly #parts: SettlementParts;
  readonly #options: SettlementOptions;
  readonly #late: LateReceiptWatch;
  readonly #claims: SampledClaims;
  #turn: Promise<unknown> = Promise.resolve();
  #stopping = new AbortController();
  #running: Promise<unknown> | undefined;
  #last: LastSettlement | undefined;
  #claimTerms: ClaimTerms | undefined;

  constructor(parts: SettlementParts, options: SettlementOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#late = new LateReceiptWatch({ lateEpochs: lateEpochsOf(options.epochSeconds) });
    this.#claims = new SampledClaims(parts);
  }

  get last(): LastSettlement | undefined {
    return this.#last;
  }

  start(): void {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#running ??= Promise.all([this.#run(signal), this.#runClaims(signal)]);
  }

  /** Ends the loop; a transaction that is under way is not waited for: it is found on chain at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#running = undefined;
  }

  /** What would be done now, and what a unit of gas costs in the chain's coin. @throws ChainError */
  async preview(requested: boolean): Promise<{ plan: SettlementPlan; gasPriceWei: bigint }> {
    const { reader, node, sender } = this.#parts;
    this.#claimTerms ??= await readClaimTerms(reader.provider, sender.deployment);
    const [gasPriceWei, bondableWei] = await Promise.all([
      reader.gasPriceWei(),
      reader.tokenBalanceWei(node),
    ]);
    return { plan: this.#plan(requested, { gasPriceWei, bondableWei }), gasPriceWei };
  }

  /** What the next round would do, without asking the chain. */
  plan(): SettlementPlan {
    return this.#plan(false, {});
  }

  /** One round now; rounds never overlap. @throws ChainError when the chain is away */
  settle(requested: boolean, signal: AbortSignal): Promise<SettlementReport> {
    return this.#inTurn(async (round) => {
      await this.#settle(requested, round, signal);
    });
  }

  async #inTurn(work: (round: SettlementRound) => Promise<void>): Promise<SettlementReport> {
    const turn = this.#turn.then(() => this.#round(work));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #round(work: (round: SettlementRound) => Promise<void>): Promise<SettlementReport> {
    const round = new SettlementRound(this.#parts);
    try {
      await work(round);
    } finally {
      this.#last = round.last ?? this.#last;
    }
    return round.report;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const failed = await this.#hasFailed(this.settle(false, signal), signal);
      const now = this.#parts.clock.nowMs();
      await pause(Math.max(this.plan().nextWakeMs - now, failed ? RETRY_MS : 0), signal);
    }
  }

  /** Follows open claims beside the rounds: a coordinator that lets a round wait must not cost a claim's window. */
  async #runClaims(signal: AbortSignal): Promise<void> {
    for (let failed = false; !signal.aborted;) {
      await pause(failed ? RETRY_MS : CLAIM_LOOK_MS, signal);
      if (signal.aborted || !this.#claims.areOpen) continue;
      const look = this.#round(async (round) => this.#advanceClaims(round, signal));
      failed = await this.#hasFailed(look, signal);
    }
  }

  async #hasFailed(round: Promise<SettlementReport>, signal: AbortSignal): Promise<boolean> {
    try {
      return (await round).failures.length > 0;
    } catch (error) {
      if (!signal.aborted) this.#parts.log.warn({ error }, 'Settling failed and will be tried again');
      return true;
    }
  }

  async #settle(requested: boolean, round: SettlementRound, signal: AbortSignal): Promise<void> {
    await this.#parts.journal.flush();
    await this.#closeLateEpochs();
    this.#noteLosses();
    const { plan, gasPriceWei } = await this.preview(requested);
    for (const step of plan.steps) {
      try {
        await this.#take(step, round, signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#fail(step.dealId, error, round);
      }
    }
    await this.#handIn(plan, signal);
    await this.#askForOpenClaims(signal);
    await this.#advanceClaims(round, signal);
    const vouchers = this.#redeemable(requested, gasPriceWei);
    for (let first = 0; first < vouchers.length; first += MAX_VOUCHERS_PER_BATCH) {
      await this.#redeem(vouchers.slice(first, first + MAX_VOUCHERS_PER_BATCH), round, signal);
    }
    const ripeEpoch = this.#ripeEpoch();
    if (ripeEpoch !== undefined) await forgetPaid(this.#parts, this.#late, ripeEpoch);
  }

  async #take(step: SettlementStep, round: SettlementRound, signal: AbortSignal): Promise<void> {
    switch (step.kind) {
      case 'wait':
        round.waits(step);
        return;
      case 'voucher':
        await this.#collect(step, signal);
        return;
      case 'direct-claim':
      case 'sampled-claim':
        if (!(await this.#isPaidByVoucher(step.dealId, round, signal)))
          await this.#claim(step, round, signal);
    }
  }

  async #advanceClaims(round: SettlementRound, signal: AbortSignal): Promise<void> {
    const { reader, sender } = this.#parts;
    this.#claimTerms ??= await readClaimTerms(reader.provider, sender.deployment);
    const gasPriceWei = await reader.gasPriceWei();
    const dear = gasAboveCeiling({ gasPriceWei, policy: this.#options }) !== undefined;
    await this.#claims.advance({ terms: this.#claimTerms, gasAboveCeiling: dear }, round, signal);
  }

  /** The coordinator's books hold what this node's do, whether or not it is worth a transaction now. */
  async #handIn({ handIns }: SettlementPlan, signal: AbortSignal): Promise<void> {
    if (handIns.length === 0) return;
    for (const { dealId, throughEpoch } of handIns) await this.#closeEpochs(dealId, throughEpoch);
    this.#noteLosses();
    const closed = { handIns, accounts: this.#accounts(false) };
    await handInReceipts({ ...this.#parts, late: this.#late }, closed, signal);
  }

  /** A voucher for an open claim's epochs costs less than opening it, and returns the bond. */
  async #askForOpenClaims(signal: AbortSignal): Promise<void> {
    const { store, directory, log } = this.#parts;
    for (const { deal } of directory.own()) {
      const claim = store.openClaim(deal.dealId);
      if (claim === undefined) continue;
      try {
        store.keepVoucher(await collectForClaim(this.#parts, claim, signal));
        store.noteAnswering(deal.dealId);
      } catch (error) {
        signal.throwIfAborted();
        const { code, message } = reportOf(error);
        log.debug(
          { dealId: deal.dealId, code, reason: message },
          'No voucher for the epochs of an open claim',
        );
      }
    }
  }

  #plan(requested: boolean, figures: ChainFigures): SettlementPlan {
    return planSettlement({
      nowMs: this.#parts.clock.nowMs(),
      epochSeconds: this.#options.epochSeconds,
      requested,
      deals: this.#accounts(requested),
      policy: { ...this.#options, tokenWeiPerGas: this.#tokenWeiPerGas(figures.gasPriceWei ?? 0n) },
      claimTerms: this.#claimTerms ?? UNREAD_CLAIM_TERMS,
      ...figures,
    });
  }

  #accounts(requested: boolean): DealAccount[] {
    const { epochSeconds } = this.#options;
    const ripe = this.#ripeEpoch() ?? parseEpoch(0);
    const mayKnowMore = (dealId: DealId): boolean => requested || this.#late.isDue(dealId, ripe);
    const handedInThrough = (dealId: DealId): Epoch | undefined => this.#late.askedThrough(dealId);
    return dealAccounts(this.#parts, { epochSeconds, mayKnowMore, handedInThrough });
  }

  /**
   * Kept vouchers that are worth a transaction now; also those of an earlier run, or of an escrow that was topped up.
   */
  #redeemable(requested: boolean, gasPriceWei: bigint): SignedVoucher[] {
    if (gasAboveCeiling({ gasPriceWei, policy: this.#options }) !== undefined) return [];
    const gasWei = VOUCHER_GAS * this.#tokenWeiPerGas(gasPriceWei);
    return this.#parts.directory.own().flatMap(({ deal, allocation }) => {
      const signed = this.#parts.store.voucher(deal.dealId);
      if (signed === undefined || allocation.state === 'released') return [];
      if (this.#parts.store.openClaim(deal.dealId) !== undefined) return [];
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

  async #isPaidByVoucher(dealId: DealId, round: SettlementRound, signal: AbortSignal): Promise<boolean> {
    const throughEpoch = this.#ripeEpoch();
    const own = await this.#parts.directory.refresh(dealId);
    const account = this.#accounts(true).find((each) => each.dealId === dealId);
    if (own === undefined || throughEpoch === undefined || account === undefined) return false;
    await this.#closeEpochs(dealId, throughEpoch);
    const wish = { own, throughEpoch, cumulativeWei: cumulativeWei(account, throughEpoch) };
    return isPaidByVoucher(this.#parts, wish, round, signal);
  }

  async #redeem(vouchers: SignedVoucher[], round: SettlementRound, signal: AbortSignal): Promise<void> {
    const { sender } = this.#parts;
    try {
      const dealIds = vouchers.map(({ voucher }) => voucher.dealId);
      await round.paidBy('voucher', dealIds, redeemVouchers(sender, vouchers, sender.address, signal));
      for (const dealId of dealIds) await this.#parts.directory.refresh(dealId);
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
    step: Extract<SettlementStep, { kind: 'direct-claim' | 'sampled-claim' }>,
    round: SettlementRound,
    signal: AbortSignal,
  ): Promise<void> {
    const { journal, sender, directory } = this.#parts;
    const { dealId, toEpoch } = step;
    const own = await directory.refresh(dealId);
    if (own === undefined) return;
    await this.#closeEpochs(dealId, toEpoch);
    if (step.kind === 'sampled-claim') {
      await this.#claims.commit(step, own, round, signal);
      return;
    }
    const fromEpoch = parseEpoch(own.allocation.throughEpoch + 1);
    const receipts = journal.receipts({ dealId, fromEpoch, throughEpoch: toEpoch });
    const claim = { dealId, toEpoch, receipts, to: sender.address };
    await round.paidBy('direct-claim', [dealId], claimDirect(sender, claim, signal));
    await directory.refresh(dealId);
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

  #fail(dealId: DealId, error: unknown, round: SettlementRound): void {
    const report = round.failed(dealId, error);
    const ofCoordinator = report.code.startsWith('COORDINATOR_') || report.code === 'VOUCHER_WRONG';
    const badVoucher = report.values['error'] === 'InvalidVoucherSignature';
    if (ofCoordinator || badVoucher) {
      this.#parts.store.noteFailing(dealId, this.#ripeEpoch() ?? parseEpoch(0));
    }
  }
}
