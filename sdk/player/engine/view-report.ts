import type { DropReason } from '../../client/fetch-report.ts';

/** What one node did for a view. */
export interface NodeView {
  readonly node: string;
  readonly region: string;
  /** Verified bytes and blocks. */
  readonly bytes: number;
  readonly blocks: number;
  /** While it is in use and was measured. */
  readonly bytesPerSecond?: number | undefined;
  readonly dropped?: { readonly reason: DropReason; readonly detail: string } | undefined;
  /** Blocks whose bytes were not those of their CID. */
  readonly badBlocks: number;
}

/** How a view does: who serves, what was verified, what was signed for. Plain data: it travels between threads. */
export interface ViewReport {
  readonly viewerKey: string;
  readonly dealId?: string | undefined;
  readonly nodes: readonly NodeView[];
  readonly verifiedBytes: number;
  readonly verifiedBlocks: number;
  readonly badBlocks: number;
  readonly receiptsSigned: number;
  /** Bytes whose receipts a node or the coordinator has on disk. */
  readonly confirmedBytes: number;
  /** What the receipts are worth to the nodes, wei, as a decimal string. */
  readonly payableWei: string;
  /** Verified bytes that came from the publisher's origin. */
  readonly originBytes: number;
  /** Bytes of the origin that nobody could verify. */
  readonly unverifiedBytes: number;
  /** Whether nodes could not be had and the origin stands in for them. */
  readonly onOrigin: boolean;
}
