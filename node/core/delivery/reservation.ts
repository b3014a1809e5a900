import { MAX_SERVED_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { creditAllows } from './credit-window.ts';
import type { AllocationView } from './deal-directory.ts';
import type { DealMeters } from './deal-meter.ts';
import { refused } from './delivery-error.ts';

import type { GrantSession } from './grant-session.ts';

/** Bytes promised to one transfer. Ends once: by commit when all were sent, or by abort. */
export class Reservation {
  readonly bytes: number;
  readonly #session: GrantSession;
  readonly #meters: DealMeters;
  #open = true;

  constructor(session: GrantSession, meters: DealMeters, bytes: number) {
    this.bytes = bytes;
    this.#session = session;
    this.#meters = meters;
    this.#change(() => {
      session.reservedBytes += bytes;
    });
  }

  /** Everything was sent. */
  commit(): void {
    this.#settle(this.bytes, 0);
  }

  /**
   * The transfer ended early. Bytes that left the node count against the credit of the grant, because a
   * client that breaks off every transfer would otherwise be served for nothing.
   * @param sentBytes what left the node, 0 when nothing did
   */
  abort(sentBytes: number): void {
    this.#settle(0, Math.min(sentBytes, this.bytes));
  }

  /**
   * Whoever was sending ended abruptly, and what left is unknown: nothing counts as served or aborted, but a receipt may
   * still name it (SPEC.md, after a fall).
   */
  lose(): void {
    const served = this.#settle(0, 0);
    if (served !== undefined && !this.#session.closed) this.#session.forgottenBytes += this.bytes - served;
  }

  /** @returns what counts as served, or undefined if it was settled before */
  #settle(servedBytes: number, abortedBytes: number): number | undefined {
    if (!this.#open) return undefined;
    this.#open = false;
    const session = this.#session;
    let served = servedBytes;
    this.#change(() => {
      session.reservedBytes -= this.bytes;
      // A viewer may have signed while the last bytes were under way: what it signed was served.
      const signedAhead = Math.max(0, session.receiptedBytes - session.servedBytes - session.reservedBytes);
      served = Math.max(servedBytes, signedAhead);
      const aborted = Math.max(0, abortedBytes - served);
      session.servedBytes += served;
      session.abortedBytes += aborted;
      this.#meters.servedBytes += served;
      this.#meters.lostBytes += session.closed ? served + aborted : aborted;
    });
    return served;
  }

  #change(apply: () => void): void {
    const before = this.#session.unreceiptedBytes;
    apply();
    if (!this.#session.closed) this.#meters.exposedBytes += this.#session.unreceiptedBytes - before;
  }
}

/** Whether the grant's cap, its credit, the deal's credit or the allocation stands against `bytes` more. */
export function refuseReservation(
  session: GrantSession,
  meters: DealMeters,
  request: { readonly bytes: number; readonly allocation: AllocationView | undefined },
  maxUnreceiptedBytes: number,
): ReturnType<typeof refused> | undefined {
  const { bytes, allocation } = request;
  const usedBytes = session.servedBytes + session.reservedBytes;
  if (usedBytes + bytes > session.capBytes) {
    return refused('GRANT_OVER_CAP', 'The grant is used up to its cap.', {
      values: { capBytes: session.grant.capBytes, usedBytes, requestedBytes: bytes },
      remedy: 'Ask the coordinator for another grant.',
    });
  }
  if (!creditAllows(session, bytes)) return refuseCredit(session, bytes);
  if (meters.exposedBytes + bytes > maxUnreceiptedBytes) {
    return refused('DEAL_AT_RISK_LIMIT', 'Too many bytes of this deal are served without receipts.', {
      values: { unreceiptedBytes: meters.exposedBytes, maxBytes: maxUnreceiptedBytes },
      remedy: 'Viewers of this deal have to send their receipts; until then use another node.',
    });
  }
  if (allocation !== undefined && !meters.allocationCovers(allocation, bytes)) {
    const owedBytes = BigInt(meters.unsettledBytes(allocation.throughEpoch));
    return refused('ALLOCATION_EXHAUSTED', 'What the deal allocates to this node is used up.', {
      values: {
        balanceWei: allocation.balanceWei,
        owedWei: priceWei(owedBytes, allocation.ratePerGiB),
        requestedWei: priceWei(BigInt(bytes), allocation.ratePerGiB),
      },
      remedy: 'The publisher can allocate more tokens; until then use another node of the deal.',
    });
  }
  return undefined;
}

function refuseCredit(session: GrantSession, bytes: number): ReturnType<typeof refused> {
  const { unreceiptedBytes, abortedBytes, windowBytes } = session;
  const values = { unreceiptedBytes, abortedBytes, windowBytes, requestedBytes: bytes };
  if (bytes > MAX_SERVED_BLOCK_BYTES) {
    return refused('BLOCK_ABOVE_CREDIT', 'What is asked for is larger than any credit window.', {
      values: { ...values, maxBytes: MAX_SERVED_BLOCK_BYTES },
      remedy: 'Ask for single blocks with format=raw, or for a smaller range.',
    });
  }
  if (unreceiptedBytes === 0) {
    return refused('GRANT_ABORTS_EXHAUSTED', 'Broken-off transfers have used up the credit of this grant.', {
      values,
      remedy: 'Ask the coordinator for another grant.',
    });
  }
  return refused('CREDIT_EXHAUSTED', 'The credit window of this grant is used up.', {
    values,
    remedy: 'Sign a receipt for the bytes that arrived and send it with the next request.',
  });
}
