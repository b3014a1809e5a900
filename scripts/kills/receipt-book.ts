import type { Epoch, GrantHash } from '../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../sdk/protocol/receipt.ts';

/** What is known of one grant, outside the node. */
export interface SignedSession {
  readonly grantHash: GrantHash;
  readonly epoch: Epoch;
  /** The newest receipt that the viewer has signed. */
  readonly pair: ReceiptWithGrant;
  readonly signedBytes: number;
  /** What the node has said is safe. */
  readonly acknowledgedBytes: number;
  /** What the node had on disk when it was killed last. */
  readonly recordedBytes: number;
}

/** What a node has on disk. */
export interface RecordedReceipts {
  /** Best receipt by grant. */
  readonly byGrant: ReadonlyMap<GrantHash, number>;
  /** All receipted bytes by epoch, of grants that are no longer kept one by one, too. */
  readonly byEpoch: ReadonlyMap<Epoch, bigint>;
}

/** How the disk of a killed node compares with what viewers were told. */
export interface Comparison {
  /** Grants with fewer bytes on disk than acknowledged, or than at an earlier kill. */
  readonly lost: readonly GrantHash[];
  /** Grants with more bytes on disk than any viewer has signed for. */
  readonly invented: readonly GrantHash[];
}

/** The viewers' side of the books: every receipt they signed, and what they were told of it. */
export class ReceiptBook {
  readonly #sessions = new Map<GrantHash, SignedSession>();

  /** Notes a receipt before it leaves the viewer: the node may have it from now on. */
  sign(pair: ReceiptWithGrant): void {
    const { grantHash, bytesCumulative } = pair.signedReceipt.receipt;
    const before = this.#sessions.get(grantHash);
    this.#sessions.set(grantHash, {
      ...{ grantHash, epoch: pair.signedGrant.grant.epoch, pair, signedBytes: Number(bytesCumulative) },
      acknowledgedBytes: before?.acknowledgedBytes ?? 0,
      recordedBytes: before?.recordedBytes ?? 0,
    });
  }

  /** The node has said that so many bytes of a grant are safe. */
  acknowledge(grantHash: GrantHash, bytes: number): void {
    const session = this.#sessions.get(grantHash);
    if (session === undefined || bytes <= session.acknowledgedBytes) return;
    this.#sessions.set(grantHash, { ...session, acknowledgedBytes: bytes });
  }

  /** Holds the disk of a node that is not running against what viewers know, and takes over what it says. */
  compare(disk: RecordedReceipts): Comparison {
    const lost: GrantHash[] = [];
    const invented: GrantHash[] = [];
    for (const session of this.#sessions.values()) {
      const { grantHash, epoch, signedBytes, acknowledgedBytes } = session;
      const promised = Math.max(acknowledgedBytes, session.recordedBytes);
      const kept = disk.byGrant.get(grantHash);
      const forgotten = kept === undefined && Number(disk.byEpoch.get(epoch) ?? 0n) >= this.#promised(epoch);
      const recordedBytes = forgotten ? promised : (kept ?? 0);
      if (recordedBytes < promised) lost.push(grantHash);
      if (recordedBytes > signedBytes) invented.push(grantHash);
      this.#sessions.set(grantHash, { ...session, recordedBytes });
    }
    return { lost, invented };
  }

  /** Sessions whose newest receipt the node has not acknowledged. */
  undelivered(): SignedSession[] {
    return this.sessions().filter(({ signedBytes, acknowledgedBytes }) => acknowledgedBytes < signedBytes);
  }

  sessions(): SignedSession[] {
    return [...this.#sessions.values()];
  }

  get acknowledgedBytes(): number {
    return this.sessions().reduce((sum, { acknowledgedBytes }) => sum + acknowledgedBytes, 0);
  }

  /** What the node had on disk at the last comparison, of the epochs above one and up to another. */
  recordedBytes(afterEpoch = -1, throughEpoch = Infinity): bigint {
    const sessions = this.sessions().filter(({ epoch }) => epoch > afterEpoch && epoch <= throughEpoch);
    return sessions.reduce((sum, { recordedBytes }) => sum + BigInt(recordedBytes), 0n);
  }

  #promised(epoch: Epoch): number {
    const sessions = this.sessions().filter((session) => session.epoch === epoch);
    return sessions.reduce(
      (sum, { acknowledgedBytes, recordedBytes }) => sum + Math.max(acknowledgedBytes, recordedBytes),
      0,
    );
  }
}
