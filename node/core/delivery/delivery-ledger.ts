import { epochAt } from '../../../sdk/protocol/epoch.ts';
import { MAX_UNRECEIPTED_BYTES_PER_DEAL, MAX_SERVED_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import type { Grant } from '../../../sdk/protocol/grant.ts';
import type { Address, DealId, Epoch, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { AllocationView, DealView } from './deal-directory.ts';
import { DealMeters, type DealMeter } from './deal-meter.ts';
import { accepted, refused, type Outcome } from './delivery-error.ts';
import { MAX_LIVE_GRANTS, MAX_LIVE_GRANTS_PER_DEAL } from './delivery-limits.ts';
import { refuseAllocation, refuseEpoch, refuseGrant, type AdmissionRules } from './grant-admission.ts';
import { GrantSession } from './grant-session.ts';
import { grownWindowBytes } from './credit-window.ts';
import { refuseReceipt, type PresentedReceipt } from './receipt-check.ts';
import { Reservation, refuseReservation } from './reservation.ts';

export interface LedgerOptions extends AdmissionRules {
  /** @default 50,000 */
  readonly maxLiveGrants?: number;
  /** @default 20,000 */
  readonly maxLiveGrantsPerDeal?: number;
  /** @default 1 GiB */
  readonly maxUnreceiptedBytesPerDeal?: number;
}

/** A grant that a client presents, its signer recovered, with what the chain says about its deal. */
export interface PresentedGrant {
  readonly grantHash: GrantHash;
  readonly grant: Grant;
  readonly signer: Address;
  readonly deal: DealView | undefined;
  readonly allocation: AllocationView | undefined;
  readonly nowSeconds: number;
}

export interface ReserveRequest {
  readonly grantHash: GrantHash;
  readonly bytes: number;
  readonly allocation: AllocationView | undefined;
  readonly nowSeconds: number;
}

/** What a good receipt changed. */
export interface ReceiptEffect {
  /** New bytes that it pays for; 0 when it repeats the newest one. */
  readonly advancedBytes: number;
  readonly windowBytes: number;
}

/** What the client of a grant is told in response headers. */
export interface GrantState {
  readonly grant: Grant;
  readonly windowBytes: number;
  /** Sent or under way. */
  readonly servedBytes: number;
  readonly receiptedBytes: number;
  /** Receipted and on disk. */
  readonly durableBytes: number;
}

/** A grant found in the journal when the node starts. */
export interface RestoredGrant {
  readonly grantHash: GrantHash;
  readonly grant: Grant;
  readonly receiptedBytes: number;
}

/** Result of closing the epochs of a deal. */
export interface ClosedEpochs {
  readonly grants: number;
  /** Served under them without a receipt. */
  readonly lostBytes: number;
}

/**
 * Decides what is served on credit and what counts as earned (SPEC.md beside this file). It does nothing
 * else: no clock, no disk, no signatures; callers hand in the time, recovered signers and the chain's state.
 */
export class DeliveryLedger {
  readonly #options: LedgerOptions;
  readonly #sessions = new Map<GrantHash, GrantSession>();
  readonly #deals = new Map<DealId, DealMeters>();
  #sweptEpoch: Epoch | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** Begins, or finds, the session of a grant. */
  open(presented: PresentedGrant): Outcome<GrantState> {
    const { grantHash, grant, nowSeconds } = presented;
    const refusal =
      refuseGrant(grant, presented.signer, presented.deal, this.#options) ??
      refuseEpoch(grant.epoch, nowSeconds, this.#options) ??
      refuseAllocation(grant, presented.allocation, this.#options) ??
      this.#refuseClosed(grant);
    if (refusal !== undefined) return refusal;
    const known = this.#sessions.get(grantHash);
    if (known !== undefined) return accepted(stateOf(known));
    const meters = this.#metersOf(grant.dealId);
    this.#dropExpired(nowSeconds);
    const full = this.#refuseRoom(meters);
    if (full !== undefined) return full;
    return accepted(stateOf(this.#begin(grantHash, grant, meters)));
  }

  /** The state of a grant that is open, or undefined. */
  state(grantHash: GrantHash): GrantState | undefined {
    const session = this.#sessions.get(grantHash);
    return session === undefined ? undefined : stateOf(session);
  }

  /** Sets bytes aside before they are sent: commit or abort the reservation when the transfer ended. */
  reserve(request: ReserveRequest): Outcome<Reservation> {
    const session = this.#sessions.get(request.grantHash);
    if (session === undefined) {
      return refused('GRANT_UNKNOWN', 'The grant is not open on this node.', {
        values: { grantHash: request.grantHash },
        remedy: 'Send the signed grant with the request.',
      });
    }
    const { grant } = session;
    const meters = this.#metersOf(grant.dealId);
    const refusal =
      refuseEpoch(grant.epoch, request.nowSeconds, this.#options) ??
      refuseAllocation(grant, request.allocation, this.#options) ??
      this.#refuseClosed(grant) ??
      refuseReservation(session, meters, request, this.#maxUnreceiptedBytes);
    if (refusal !== undefined) return refusal;
    return accepted(new Reservation(session, meters, request.bytes));
  }

  /** Credits a receipt whose signer was recovered. Journal it, then call `markDurable`. */
  applyReceipt(presented: PresentedReceipt): Outcome<ReceiptEffect> {
    const session = this.#sessions.get(presented.grantHash);
    if (session === undefined) {
      return refused('RECEIPT_UNKNOWN_GRANT', 'No open grant of this node has the hash in the receipt.', {
        values: { grantHash: presented.grantHash },
        remedy: 'Send the receipt to the node that the grant names, or hand it to the coordinator.',
      });
    }
    const meters = this.#metersOf(session.grant.dealId);
    const refusal = refuseReceipt(session, meters, presented);
    if (refusal !== undefined) return refusal;
    const advancedBytes = Number(presented.bytesCumulative) - session.receiptedBytes;
    if (advancedBytes > 0) credit(session, meters, advancedBytes);
    return accepted({ advancedBytes, windowBytes: session.windowBytes });
  }

  /** Notes that a receipt over `bytesCumulative` is on disk. */
  markDurable(grantHash: GrantHash, bytesCumulative: number): void {
    const session = this.#sessions.get(grantHash);
    if (session === undefined) return;
    const durable = Math.min(bytesCumulative, session.receiptedBytes);
    if (durable <= session.durableBytes) return;
    this.#metersOf(session.grant.dealId).durableBytes += durable - session.durableBytes;
    session.durableBytes = durable;
  }

  /** Ends the epochs of a deal up to `throughEpoch`: their grants take no more receipts and are forgotten. */
  closeEpochs(dealId: DealId, throughEpoch: Epoch): ClosedEpochs {
    const meters = this.#metersOf(dealId);
    if (meters.closedThrough === undefined || meters.closedThrough < throughEpoch) {
      meters.closedThrough = throughEpoch;
    }
    let grants = 0;
    const lostBefore = meters.lostBytes;
    for (const session of this.#sessions.values()) {
      if (session.grant.dealId !== dealId || session.grant.epoch > throughEpoch) continue;
      this.#end(session, meters);
      grants += 1;
    }
    return { grants, lostBytes: meters.lostBytes - lostBefore };
  }

  /** Takes over what the journal kept when the node was last stopped, or fell. */
  restore(grants: Iterable<RestoredGrant>): void {
    for (const { grantHash, grant, receiptedBytes } of grants) {
      if (this.#sessions.has(grantHash)) continue;
      const meters = this.#metersOf(grant.dealId);
      const session = this.#begin(grantHash, grant, meters);
      session.servedBytes = receiptedBytes;
      session.receiptedBytes = receiptedBytes;
      session.durableBytes = receiptedBytes;
      session.forgottenBytes = MAX_SERVED_BLOCK_BYTES;
      meters.servedBytes += receiptedBytes;
      meters.durableBytes += receiptedBytes;
      meters.addReceipted(grant.epoch, receiptedBytes);
    }
  }

  meterOf(dealId: DealId): DealMeter | undefined {
    return this.#deals.get(dealId)?.summary();
  }

  /** Sums of every deal that was served or restored. */
  meters(): DealMeter[] {
    return [...this.#deals.values()].map((meters) => meters.summary());
  }

  get liveGrants(): number {
    return this.#sessions.size;
  }

  get #maxUnreceiptedBytes(): number {
    return this.#options.maxUnreceiptedBytesPerDeal ?? MAX_UNRECEIPTED_BYTES_PER_DEAL;
  }

  #begin(grantHash: GrantHash, grant: Grant, meters: DealMeters): GrantSession {
    const session = new GrantSession(grantHash, grant);
    this.#sessions.set(grantHash, session);
    meters.liveGrants += 1;
    return session;
  }

  #end(session: GrantSession, meters: DealMeters): void {
    session.closed = true;
    this.#sessions.delete(session.grantHash);
    meters.liveGrants -= 1;
    meters.exposedBytes -= session.unreceiptedBytes;
    meters.lostBytes += Math.max(0, session.servedBytes - session.receiptedBytes);
  }

  #metersOf(dealId: DealId): DealMeters {
    let meters = this.#deals.get(dealId);
    if (meters === undefined) {
      meters = new DealMeters(dealId);
      this.#deals.set(dealId, meters);
    }
    return meters;
  }

  /**
   * Once an epoch, when half the room is taken: forgets grants that are over and fully receipted, for which no
   * better receipt can come.
   */
  #dropExpired(nowSeconds: number): void {
    if (this.#sessions.size * 2 < (this.#options.maxLiveGrants ?? MAX_LIVE_GRANTS)) return;
    const epoch = epochAt(nowSeconds, this.#options.epochSeconds);
    if (epoch === this.#sweptEpoch) return;
    this.#sweptEpoch = epoch;
    for (const session of this.#sessions.values()) {
      const over =
        refuseEpoch(session.grant.epoch, nowSeconds, this.#options)?.error.code === 'GRANT_EXPIRED';
      const settled = session.receiptedBytes >= session.servedBytes + session.reservedBytes;
      if (
        over &&
        settled &&
        session.forgottenBytes === 0 &&
        session.durableBytes === session.receiptedBytes
      ) {
        this.#end(session, this.#metersOf(session.grant.dealId));
      }
    }
  }

  #refuseClosed(grant: Grant): ReturnType<typeof refused> | undefined {
    const closedThrough = this.#deals.get(grant.dealId)?.closedThrough;
    if (closedThrough === undefined || grant.epoch > closedThrough) return undefined;
    return refused('EPOCH_CLOSED', 'The epoch of the grant is being settled.', {
      values: { epoch: grant.epoch, closedThrough },
      remedy: 'Ask the coordinator for a grant of the current epoch.',
    });
  }

  #refuseRoom(meters: DealMeters): ReturnType<typeof refused> | undefined {
    const maxPerDeal = this.#options.maxLiveGrantsPerDeal ?? MAX_LIVE_GRANTS_PER_DEAL;
    const max = this.#options.maxLiveGrants ?? MAX_LIVE_GRANTS;
    if (meters.liveGrants >= maxPerDeal || this.#sessions.size >= max) {
      return refused('LEDGER_FULL', 'This node has as many open grants as it can remember.', {
        values: { grantsOfDeal: meters.liveGrants, maxPerDeal, grants: this.#sessions.size, max },
        remedy: 'Use another node of the deal, or try again in the next epoch.',
      });
    }
    if (meters.exposedBytes >= this.#maxUnreceiptedBytes) {
      return refused('DEAL_AT_RISK_LIMIT', 'Too many bytes of this deal are served without receipts.', {
        values: { unreceiptedBytes: meters.exposedBytes, maxBytes: this.#maxUnreceiptedBytes },
        remedy: 'Viewers of this deal have to send their receipts; until then use another node.',
      });
    }
    return undefined;
  }
}

function credit(session: GrantSession, meters: DealMeters, advancedBytes: number): void {
  const before = session.unreceiptedBytes;
  session.receiptedBytes += advancedBytes;
  const beyond = session.receiptedBytes - session.servedBytes - session.reservedBytes;
  if (beyond > 0) {
    // Served by a run of this node that ended before it could write so down.
    session.forgottenBytes -= beyond;
    session.servedBytes += beyond;
    meters.servedBytes += beyond;
  }
  session.windowBytes = grownWindowBytes(session.windowBytes);
  meters.exposedBytes += session.unreceiptedBytes - before;
  meters.addReceipted(session.grant.epoch, advancedBytes);
}

function stateOf(session: GrantSession): GrantState {
  return {
    grant: session.grant,
    windowBytes: session.windowBytes,
    servedBytes: session.servedBytes + session.reservedBytes,
    receiptedBytes: session.receiptedBytes,
    durableBytes: session.durableBytes,
  };
}
