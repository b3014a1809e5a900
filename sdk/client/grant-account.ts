import { base64UrlEncode } from '../protocol/bytes.ts';
import { encodeSignedGrant, type SignedGrant } from '../protocol/grant.ts';
import type { GrantHash } from '../protocol/identifiers.ts';
import { INITIAL_CREDIT_BYTES, MAX_CREDIT_BYTES, MAX_SERVED_BLOCK_BYTES } from '../protocol/limits.ts';

/** A request under way: what it will cost and which receipt it carries. */
export interface Ticket {
  /** Most bytes that the answer can have. */
  readonly reservedBytes: number;
  /** Cumulative bytes of the receipt that rides on the request, if one does. */
  readonly receiptBytes: number | undefined;
}

/** What the edge said of the grant in its answer. */
export interface EdgeState {
  readonly windowBytes?: number | undefined;
  readonly acknowledgedBytes?: number | undefined;
}

/**
 * The viewer's books of one grant: what was asked, what arrived verified, what was receipted. It mirrors the edge's
 * credit rule (PAYMENT.md, off-chain credit), so that no request is sent that the edge would refuse.
 *
 * At most one request under way carries a receipt: two could overtake each other, and a receipt that goes
 * backwards is refused.
 */
export class GrantAccount {
  readonly grantHash: GrantHash;
  readonly signedGrant: SignedGrant;
  /** The grant as the request header carries it. */
  readonly header: string;
  /** When its epoch ends, milliseconds since the Unix epoch. */
  readonly epochEndsAtMs: number;
  readonly capBytes: number;
  #requestedBytes = 0;
  #underWay = 0;
  #verifiedBytes = 0;
  #receiptedBytes = 0;
  #durableBytes = 0;
  #windowBytes = INITIAL_CREDIT_BYTES;
  #receiptUnderWay = false;
  #retired: string | undefined;

  constructor(grantHash: GrantHash, signedGrant: SignedGrant, epochEndsAtMs: number) {
    this.grantHash = grantHash;
    this.signedGrant = signedGrant;
    this.header = base64UrlEncode(encodeSignedGrant(signedGrant));
    this.epochEndsAtMs = epochEndsAtMs;
    const { capBytes } = signedGrant.grant;
    this.capBytes = Number(capBytes > MAX_SAFE ? MAX_SAFE : capBytes);
  }

  /** Verified bytes: what a receipt may name, and no more. */
  get verifiedBytes(): number {
    return this.#verifiedBytes;
  }

  /** Largest receipt that the edge took. */
  get receiptedBytes(): number {
    return this.#receiptedBytes;
  }

  /** Bytes that the edge says are safely recorded. */
  get durableBytes(): number {
    return this.#durableBytes;
  }

  /** Requests under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Bytes that may still be asked for under the cap. */
  get leftBytes(): number {
    return Math.max(0, this.capBytes - this.#requestedBytes);
  }

  /** Why the grant is no longer used, if it is not. */
  get retired(): string | undefined {
    return this.#retired;
  }

  /** Asks for nothing more under this grant; its receipts can still be delivered. */
  retire(reason: string): void {
    this.#retired ??= reason;
  }

  /** Whether the edge would serve a block of up to `bytes` now. */
  admits(bytes: number): boolean {
    if (this.#retired !== undefined || bytes > this.leftBytes) return false;
    const unreceipted =
      this.#requestedBytes - (this.#mayCarryReceipt() ? this.#verifiedBytes : this.#receiptedBytes);
    if (unreceipted + bytes <= this.#windowBytes) return true;
    return unreceipted === 0 && bytes <= MAX_SERVED_BLOCK_BYTES;
  }

  /** Books a request that `admits` allowed. A receipt rides along when it is needed or half the window is due. */
  begin(bytes: number): Ticket {
    const withoutReceipt = this.#requestedBytes - this.#receiptedBytes + bytes;
    const due = (this.#verifiedBytes - this.#receiptedBytes) * 2 >= this.#windowBytes;
    const carries = this.#mayCarryReceipt() && (due || withoutReceipt > this.#windowBytes);
    this.#requestedBytes += bytes;
    this.#underWay += 1;
    if (carries) this.#receiptUnderWay = true;
    return { reservedBytes: bytes, receiptBytes: carries ? this.#verifiedBytes : undefined };
  }

  /** The answer came, with this many bytes; `verified` says whether their hash was right. */
  served(ticket: Ticket, bytes: number, verified: boolean): void {
    this.#end(ticket);
    this.#requestedBytes += bytes - ticket.reservedBytes;
    if (verified) this.#verifiedBytes += bytes;
    if (ticket.receiptBytes !== undefined) this.#receipted(ticket.receiptBytes);
  }

  /** The edge refused: nothing was served. A receipt may be sent again: repeating the newest one does no harm. */
  refused(ticket: Ticket): void {
    this.#end(ticket);
    this.#requestedBytes -= ticket.reservedBytes;
  }

  /**
   * The transfer broke off. The edge may count what it had sent, and no receipt will ever name it, so the books can
   * no longer agree: the grant is retired.
   */
  brokeOff(ticket: Ticket): void {
    this.#end(ticket);
    this.retire('a transfer broke off');
  }

  /** Takes over what the edge says; a window never shrinks, so an overtaken answer does no harm. */
  learn(state: EdgeState): void {
    const { windowBytes, acknowledgedBytes } = state;
    if (windowBytes !== undefined && windowBytes <= MAX_CREDIT_BYTES) {
      this.#windowBytes = Math.max(this.#windowBytes, windowBytes);
    }
    if (acknowledgedBytes !== undefined && acknowledgedBytes <= this.#verifiedBytes) {
      this.#durableBytes = Math.max(this.#durableBytes, acknowledgedBytes);
      this.#receipted(acknowledgedBytes);
    }
  }

  #mayCarryReceipt(): boolean {
    return !this.#receiptUnderWay && this.#verifiedBytes > this.#receiptedBytes;
  }

  #receipted(bytes: number): void {
    this.#receiptedBytes = Math.max(this.#receiptedBytes, bytes);
  }

  #end(ticket: Ticket): void {
    this.#underWay -= 1;
    if (ticket.receiptBytes !== undefined) this.#receiptUnderWay = false;
  }
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
