import type { Grant } from '../../../sdk/protocol/grant.ts';
import type { GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { initialWindowBytes, type Exposure } from './credit-window.ts';

/** One grant as this node serves it. All counters are bytes and, window and reservations aside, only grow. */
export class GrantSession implements Exposure {
  readonly grantHash: GrantHash;
  readonly grant: Grant;
  /** The cap as a number; caps beyond 2⁵³ − 1 bytes are as good as unlimited. */
  readonly capBytes: number;
  windowBytes = initialWindowBytes;
  /** Sent completely. */
  servedBytes = 0;
  /** Promised to transfers that have not ended. */
  reservedBytes = 0;
  receiptedBytes = 0;
  /** Receipted bytes that survive a power cut. */
  durableBytes = 0;
  abortedBytes = 0;
  /** What a run of this node, or a worker of it, that ended abruptly may have served and nobody wrote down. */
  forgottenBytes = 0;
  /** Set when the epoch was settled: nothing counts any more. */
  closed = false;

  constructor(grantHash: GrantHash, grant: Grant) {
    this.grantHash = grantHash;
    this.grant = grant;
    this.capBytes = Number(grant.capBytes > MAX_CAP ? MAX_CAP : grant.capBytes);
  }

  get unreceiptedBytes(): number {
    return Math.max(0, this.servedBytes + this.reservedBytes - this.receiptedBytes);
  }

  /** Most that a receipt may name: nothing that was neither served nor is under way. */
  get receiptableBytes(): number {
    return this.servedBytes + this.reservedBytes + this.forgottenBytes;
  }
}

const MAX_CAP = BigInt(Number.MAX_SAFE_INTEGER);
