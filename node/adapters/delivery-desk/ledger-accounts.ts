import type { SignedGrant } from '../../../sdk/protocol/grant.ts';
import type { GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { SignedReceipt } from '../../../sdk/protocol/receipt.ts';
import type { DealDirectory } from '../../core/delivery/deal-directory.ts';
import { DeliveryError } from '../../core/delivery/delivery-error.ts';
import type { DeliveryLedger } from '../../core/delivery/delivery-ledger.ts';
import { FreeAllowance } from '../../core/delivery/free-allowance.ts';
import type { StorageError } from '../../core/storage/storage-error.ts';
import type { Clock } from '../clock/system-clock.ts';
import { dealTerms } from './deal-terms.ts';
import type { CheckedGrant, CheckedReceipt, DeliveryAccounts, ReservedBytes } from './delivery-accounts.ts';
import type { GrantStanding, ReceiptAnswer, SentBytes } from './delivery-desk.ts';

/** What the desk needs of the receipt journal. */
export interface ReceiptLog {
  appendGrant(grantHash: GrantHash, signedGrant: SignedGrant): Promise<void>;
  /** `awaited`: somebody is waiting for it. */
  appendReceipt(signedReceipt: SignedReceipt, options?: { readonly awaited: boolean }): Promise<void>;
  /** Why nothing more can be earned now, or undefined. */
  readonly refusal: StorageError | undefined;
}

export interface LedgerAccountsComponents {
  readonly ledger: DeliveryLedger;
  readonly journal: ReceiptLog;
  readonly deals: DealDirectory;
  /** Counts epochs. */
  readonly clock: Clock;
  readonly metrics: { receipt(outcome: 'credited' | 'repeated' | 'refused'): void };
  readonly log: { error(values: Readonly<Record<string, unknown>>, message: string): void };
}

export interface LedgerAccountsOptions {
  /** For each client address. */
  readonly freeBytesPerMinute: number;
  /** Named in refusals of clients without a grant. */
  readonly coordinatorUrl: string | undefined;
}

/** The accounts over the node's own ledger and journal. */
export class LedgerAccounts implements DeliveryAccounts {
  readonly #components: LedgerAccountsComponents;
  readonly #free: FreeAllowance;
  readonly #coordinatorUrl: string | undefined;
  readonly #leaves = new Map<number, (sent: SentBytes | undefined) => void>();
  #lastLeaveId = 0;

  constructor(components: LedgerAccountsComponents, options: LedgerAccountsOptions) {
    this.#components = components;
    this.#free = new FreeAllowance({ bytesPerMinute: options.freeBytesPerMinute });
    this.#coordinatorUrl = options.coordinatorUrl;
  }

  async open({ grantHash, signedGrant, signer }: CheckedGrant): Promise<GrantStanding> {
    const { ledger, journal, deals, clock, log } = this.#components;
    const { grant } = signedGrant;
    if (journal.refusal !== undefined) throw journal.refusal;
    const { deal, allocation } = await dealTerms(deals, grant.dealId);
    const nowSeconds = clock.nowMs() / 1000;
    const outcome = ledger.open({ grantHash, grant, signer, deal, allocation, nowSeconds });
    if (!outcome.ok) throw outcome.error;
    journal.appendGrant(grantHash, signedGrant).catch((error: unknown) => {
      log.error({ grantHash, error }, 'a grant could not be journaled; paid service pauses until it can');
    });
    return standingOf(outcome.value);
  }

  async resume(
    grantHash: GrantHash,
    receipt: CheckedReceipt | undefined,
  ): Promise<GrantStanding | undefined> {
    const { ledger, log } = this.#components;
    if (ledger.state(grantHash) === undefined) return undefined;
    if (receipt !== undefined) {
      this.#credit(receipt, { awaited: false }).catch((error: unknown) => {
        const bytesCumulative = receipt.signedReceipt.receipt.bytesCumulative.toString();
        log.error({ grantHash, bytesCumulative, error }, 'a receipt is not on disk yet');
      });
    }
    const state = ledger.state(grantHash);
    return state === undefined ? undefined : standingOf(state);
  }

  async reserve(grantHash: GrantHash, bytes: number): Promise<ReservedBytes> {
    const { ledger, clock, journal, deals } = this.#components;
    // What cannot be written down cannot be earned: nothing is given on credit then.
    if (journal.refusal !== undefined && journal.refusal.code !== 'JOURNAL_FULL') throw journal.refusal;
    const dealId = ledger.state(grantHash)?.grant.dealId;
    const allocation = dealId === undefined ? undefined : (await dealTerms(deals, dealId)).allocation;
    const nowSeconds = clock.nowMs() / 1000;
    const outcome = ledger.reserve({ grantHash, bytes, allocation, nowSeconds });
    if (!outcome.ok) throw outcome.error;
    const reservation = outcome.value;
    const leaveId = this.#keep((sent) => {
      if (sent === undefined) reservation.lose();
      else if (sent.complete) reservation.commit();
      else reservation.abort(sent.sentBytes);
    });
    return { leaveId, standing: standingOf(ledger.state(grantHash)) };
  }

  async takeFree(client: string, bytes: number): Promise<{ readonly leaveId: number }> {
    const outcome = this.#free.take(client, bytes, this.#components.clock.nowMs());
    if (!outcome.ok) throw this.#whereToGo(outcome.error);
    const taken = outcome.value;
    const leaveId = this.#keep((sent) => {
      if (sent !== undefined && !sent.complete) taken.giveBack(bytes - sent.sentBytes);
    });
    return { leaveId };
  }

  settle(leaveId: number, sent: SentBytes): void {
    this.#end(leaveId, sent);
  }

  lose(leaveId: number): void {
    this.#end(leaveId, undefined);
  }

  takeReceipts(receipts: readonly CheckedReceipt[]): Promise<readonly ReceiptAnswer[]> {
    return Promise.all(receipts.map((receipt) => this.#answerTo(receipt)));
  }

  async #answerTo(receipt: CheckedReceipt): Promise<ReceiptAnswer> {
    const { grantHash } = receipt.signedReceipt.receipt;
    let durable: Promise<void>;
    try {
      durable = this.#credit(receipt, { awaited: true });
    } catch (error) {
      if (error instanceof DeliveryError) return { grantHash, error };
      throw error;
    }
    await durable;
    return { grantHash, durableBytes: this.#components.ledger.state(grantHash)?.durableBytes ?? 0 };
  }

  /**
   * Credits a receipt at once. @returns when the receipt would survive a power cut
   * @throws DeliveryError RECEIPT_*, at once
   */
  #credit({ signedReceipt, signer }: CheckedReceipt, options: { readonly awaited: boolean }): Promise<void> {
    const { ledger, metrics } = this.#components;
    const { grantHash, bytesCumulative } = signedReceipt.receipt;
    const known = ledger.state(grantHash);
    if (known !== undefined && bytesCumulative === BigInt(known.receiptedBytes)) {
      metrics.receipt('repeated');
      // Only a receipt of the viewer may reach the journal.
      const wanted = known.durableBytes < known.receiptedBytes && signer === known.grant.viewerKey;
      return wanted ? this.#journal(signedReceipt, options) : Promise.resolve();
    }
    const outcome = ledger.applyReceipt({ grantHash, bytesCumulative, signer });
    if (!outcome.ok) {
      metrics.receipt('refused');
      throw outcome.error;
    }
    metrics.receipt('credited');
    return this.#journal(signedReceipt, options);
  }

  async #journal(signedReceipt: SignedReceipt, options: { readonly awaited: boolean }): Promise<void> {
    const { grantHash, bytesCumulative } = signedReceipt.receipt;
    await this.#components.journal.appendReceipt(signedReceipt, options);
    this.#components.ledger.markDurable(grantHash, Number(bytesCumulative));
  }

  /** @param sent undefined if nobody knows */
  #end(leaveId: number, sent: SentBytes | undefined): void {
    const settle = this.#leaves.get(leaveId);
    this.#leaves.delete(leaveId);
    settle?.(sent);
  }

  #keep(settle: (sent: SentBytes | undefined) => void): number {
    this.#lastLeaveId += 1;
    this.#leaves.set(this.#lastLeaveId, settle);
    return this.#lastLeaveId;
  }

  #whereToGo(error: DeliveryError): DeliveryError {
    if (this.#coordinatorUrl === undefined) return error;
    const values = { ...error.values, coordinator: this.#coordinatorUrl };
    return new DeliveryError(error.code, error.message, { values, remedy: error.remedy });
  }
}

function standingOf(state: GrantStanding | undefined): GrantStanding {
  const { windowBytes = 0, servedBytes = 0, durableBytes = 0 } = state ?? {};
  return { windowBytes, servedBytes, durableBytes };
}
