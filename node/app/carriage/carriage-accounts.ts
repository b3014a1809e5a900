import { epochAt } from '../../../sdk/protocol/epoch.ts';
import {
  parseEpoch,
  type ContentRoot,
  type DealId,
  type GrantHash,
} from '../../../sdk/protocol/identifiers.ts';
import type {
  CheckedGrant,
  CheckedReceipt,
  DeliveryAccounts,
  ReservedBytes,
} from '../../adapters/delivery-desk/delivery-accounts.ts';
import type { GrantStanding, ReceiptAnswer, SentBytes } from '../../adapters/delivery-desk/delivery-desk.ts';
import { LedgerAccounts } from '../../adapters/delivery-desk/ledger-accounts.ts';
import type { CarriageLedger, CarriedGrant } from '../../core/carriage/carriage-ledger.ts';
import { CARRIAGE_MEMORY_EPOCHS } from '../../core/carriage/carriage-limits.ts';
import type { DealDirectory } from '../../core/delivery/deal-directory.ts';
import { DeliveryError } from '../../core/delivery/delivery-error.ts';
import type { DeliveryLedger } from '../../core/delivery/delivery-ledger.ts';
import type { NodeLog } from '../node-log.ts';

/** Where it is written down what leaves, before it leaves. */
export interface CarriageRecord {
  write(grant: CarriedGrant): void;
  forgetThrough(epoch: number): void;
}

export interface CarriageAccountsParts {
  /** Deals whose contents are carried. */
  readonly deals: DealDirectory;
  /** Credit windows of carriage grants; of its own, because what it counts earns nothing. */
  readonly credit: DeliveryLedger;
  readonly ledger: CarriageLedger;
  readonly record: CarriageRecord;
  /** Counts epochs. */
  readonly clock: { nowMs(): number };
  readonly log: NodeLog;
}

/** Receipts of carriage widen the window and are worth nothing: they are on disk nowhere. */
const NO_JOURNAL = {
  refusal: undefined,
  appendGrant: () => Promise.resolve(),
  appendReceipt: () => Promise.resolve(),
};

/** The content that a carriage grant is open for. */
export interface CarriedContent {
  readonly dealId: DealId;
  readonly contentRoot: ContentRoot;
  readonly contentCodec: number;
}

/**
 * The accounts of carriage grants: credit as for any grant, and nothing leaves before it is on disk as carried
 * (node/core/carriage/SPEC.md).
 */
export class CarriageAccounts implements DeliveryAccounts {
  readonly #parts: CarriageAccountsParts;
  readonly #credit: LedgerAccounts;
  readonly #epochSeconds: number;
  readonly #leaves = new Map<number, { readonly grantHash: GrantHash; readonly bytes: number }>();
  readonly #contents = new Map<ContentRoot, CarriedContent & { readonly epoch: number }>();
  #sweptThrough = 0;

  constructor(parts: CarriageAccountsParts, options: { readonly epochSeconds: number }) {
    const { deals, credit, clock, log } = parts;
    this.#parts = parts;
    this.#epochSeconds = options.epochSeconds;
    this.#credit = new LedgerAccounts(
      { deals, ledger: credit, journal: NO_JOURNAL, clock, log, metrics: { receipt: () => undefined } },
      { freeBytesPerMinute: 0, coordinatorUrl: undefined },
    );
  }

  /** Whether it is a carriage grant: signed by the collector key of a deal whose contents are carried. */
  async takes({ signedGrant: { grant }, signer }: CheckedGrant): Promise<boolean> {
    const deal = await this.#parts.deals.deal(grant.dealId);
    return deal !== undefined && (signer === deal.grantKey || signer === deal.previousGrantKey?.address);
  }

  /** Whether the grant is open here. */
  knows(grantHash: GrantHash): boolean {
    return this.#parts.credit.state(grantHash) !== undefined;
  }

  /** What is carried now under this root; undefined for a content without an open carriage grant. */
  carried(contentRoot: ContentRoot): CarriedContent | undefined {
    return this.#contents.get(contentRoot);
  }

  async open(checked: CheckedGrant): Promise<GrantStanding> {
    const { ledger, deals, credit } = this.#parts;
    const { grantHash, signedGrant } = checked;
    const { dealId, epoch, contentRoot, capBytes } = signedGrant.grant;
    this.#forgetOld();
    // What of it was on disk when the node started may have left: it is not begun again (SPEC.md, rule 3).
    const usedBytes = credit.state(grantHash) === undefined ? (ledger.carriedUnder(grantHash) ?? 0) : 0;
    if (usedBytes > 0) throw usedUp(usedBytes, Number(capBytes));
    const standing = await this.#credit.open(checked);
    if (!ledger.open({ grantHash, dealId, epoch, capBytes: Number(capBytes) })) {
      throw new DeliveryError('LEDGER_FULL', 'This node carries under as many grants as it can remember.', {
        values: { grants: ledger.grants },
        remedy: 'Try again in the next epoch, or ask the coordinator for another edge.',
      });
    }
    const deal = await deals.deal(dealId);
    if (deal !== undefined) {
      const { contentCodec } = deal;
      this.#contents.set(contentRoot, { dealId, contentRoot, contentCodec, epoch });
    }
    return standing;
  }

  resume(grantHash: GrantHash, receipt: CheckedReceipt | undefined): Promise<GrantStanding | undefined> {
    return this.#credit.resume(grantHash, receipt);
  }

  async reserve(grantHash: GrantHash, bytes: number): Promise<ReservedBytes> {
    const { ledger, record } = this.#parts;
    const outcome = ledger.reserve(grantHash, bytes);
    if (!outcome.ok) throw usedUp(outcome.usedBytes, outcome.capBytes, bytes);
    try {
      if (outcome.write !== undefined) record.write(outcome.write);
      const reserved = await this.#credit.reserve(grantHash, bytes);
      this.#leaves.set(reserved.leaveId, { grantHash, bytes });
      return reserved;
    } catch (error) {
      ledger.giveBack(grantHash, bytes);
      throw error;
    }
  }

  takeFree(): Promise<never> {
    return Promise.reject(
      new DeliveryError('FREE_ALLOWANCE_EXHAUSTED', 'Nothing is carried between domains for free.', {
        remedy: 'Ask the coordinator of the deal for a grant.',
      }),
    );
  }

  settle(leaveId: number, sent: SentBytes): void {
    this.#credit.settle(leaveId, sent);
    const leave = this.#leaves.get(leaveId);
    this.#leaves.delete(leaveId);
    if (leave !== undefined && !sent.complete)
      this.#parts.ledger.giveBack(leave.grantHash, leave.bytes - sent.sentBytes);
  }

  lose(leaveId: number): void {
    // It was written as carried before it left, and what left is unknown: it stays carried.
    this.#leaves.delete(leaveId);
    this.#credit.lose(leaveId);
  }

  takeReceipts(receipts: readonly CheckedReceipt[]): Promise<readonly ReceiptAnswer[]> {
    return this.#credit.takeReceipts(receipts);
  }

  /** Once an epoch: grants of long ago open no more. */
  #forgetOld(): void {
    const { ledger, record, credit, clock } = this.#parts;
    const through = epochAt(clock.nowMs() / 1000, this.#epochSeconds) - CARRIAGE_MEMORY_EPOCHS - 1;
    if (through <= this.#sweptThrough) return;
    this.#sweptThrough = through;
    for (const { dealId } of credit.meters()) credit.closeEpochs(dealId, parseEpoch(through));
    for (const [root, { epoch }] of this.#contents) if (epoch <= through) this.#contents.delete(root);
    ledger.forgetThrough(through);
    record.forgetThrough(through);
  }
}

function usedUp(usedBytes: number, capBytes: number, requestedBytes = 0): DeliveryError {
  return new DeliveryError('GRANT_OVER_CAP', 'The carriage grant is used up to its cap.', {
    values: { capBytes, usedBytes, requestedBytes },
    remedy:
      'Ask the coordinator for another one: it grants as much as the peers of your domain have given before.',
  });
}
