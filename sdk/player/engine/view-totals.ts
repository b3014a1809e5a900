import type { BadBlock, DroppedNode, FetchReport } from '../../client/fetch-report.ts';
import type { ReceiptOutcome } from '../../client/receipt-delivery.ts';
import type { Address } from '../../protocol/identifiers.ts';
import { priceWei } from '../../protocol/price.ts';
import type { NodeView, ViewReport } from './view-report.ts';

/** The session that is open now, as far as it is counted. */
export interface LiveSession {
  readonly report: FetchReport;
  sources(): readonly { readonly node: Address; readonly bytesPerSecond: number | undefined }[];
}

interface NodeSum {
  region: string;
  bytes: number;
  blocks: number;
  badBlocks: number;
  dropped: DroppedNode | undefined;
}

/** Adds up what the sessions of one view did; sessions come and go while somebody pauses and looks on. */
export class ViewTotals {
  readonly #ended = new Map<Address, NodeSum>();
  readonly #confirmed = new Map<string, number>();
  readonly #rates = new Map<Address, bigint>();
  #blocks = 0;
  #receiptsSigned = 0;
  originBytes = 0;
  unverifiedBytes = 0;

  /** What a node asks, wei for a GiB. */
  priced(node: Address, ratePerGiB: bigint): void {
    this.#rates.set(node, ratePerGiB);
  }

  /** Who has receipts of how many bytes, by grant. */
  confirmed(outcomes: readonly ReceiptOutcome[]): void {
    for (const { grantHash, bytes, heldBy } of outcomes)
      if (heldBy !== 'nobody') this.#confirmed.set(grantHash, bytes);
  }

  /** A session has ended. */
  ended(report: FetchReport, regionOf: (node: Address) => string | undefined): void {
    addReport(this.#ended, report, regionOf);
    this.#blocks += report.blocks + report.duplicateBlocks;
    this.#receiptsSigned += report.receiptsSigned;
  }

  /** The view as it stands. */
  report(
    at: Pick<ViewReport, 'viewerKey' | 'dealId' | 'onOrigin'>,
    live: LiveSession | undefined,
    regionOf: (node: Address) => string | undefined,
  ): ViewReport {
    const sums = new Map([...this.#ended].map(([node, sum]) => [node, { ...sum }]));
    if (live !== undefined) addReport(sums, live.report, regionOf);
    const rates = new Map(live?.sources().map(({ node, bytesPerSecond }) => [node, bytesPerSecond]));
    for (const node of rates.keys()) sumOf(sums, node, regionOf);
    const nodes = [...sums].map(([node, sum]) => viewOf(node, sum, rates.get(node)));
    const verifiedBytes = nodes.reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      ...at,
      nodes: nodes.toSorted((a, b) => b.bytes - a.bytes || (a.node < b.node ? -1 : 1)),
      verifiedBytes,
      verifiedBlocks: this.#blocks + (live ? live.report.blocks + live.report.duplicateBlocks : 0),
      badBlocks: nodes.reduce((sum, { badBlocks }) => sum + badBlocks, 0),
      receiptsSigned: this.#receiptsSigned + (live?.report.receiptsSigned ?? 0),
      confirmedBytes: [...this.#confirmed.values()].reduce((sum, bytes) => sum + bytes, 0),
      payableWei: this.#payable(sums).toString(),
      originBytes: this.originBytes,
      unverifiedBytes: this.unverifiedBytes,
    };
  }

  #payable(sums: ReadonlyMap<Address, NodeSum>): bigint {
    let wei = 0n;
    for (const [node, { bytes }] of sums) wei += priceWei(BigInt(bytes), this.#rates.get(node) ?? 0n);
    return wei;
  }
}

function addReport(
  sums: Map<Address, NodeSum>,
  report: FetchReport,
  regionOf: (node: Address) => string | undefined,
): void {
  for (const [node, bytes] of report.bytesByNode) sumOf(sums, node, regionOf).bytes += bytes;
  for (const [node, blocks] of report.blocksByNode) sumOf(sums, node, regionOf).blocks += blocks;
  for (const { node } of report.badBlocks satisfies readonly BadBlock[])
    sumOf(sums, node, regionOf).badBlocks += 1;
  for (const dropped of report.droppedNodes) sumOf(sums, dropped.node, regionOf).dropped = dropped;
}

function sumOf(
  sums: Map<Address, NodeSum>,
  node: Address,
  regionOf: (node: Address) => string | undefined,
): NodeSum {
  const known = sums.get(node);
  if (known !== undefined) return known;
  const sum = { region: regionOf(node) ?? '', bytes: 0, blocks: 0, badBlocks: 0, dropped: undefined };
  sums.set(node, sum);
  return sum;
}

function viewOf(node: Address, sum: NodeSum, bytesPerSecond: number | undefined): NodeView {
  const { region, bytes, blocks, badBlocks, dropped } = sum;
  const isBack = bytesPerSecond !== undefined && dropped?.reason !== 'corrupt';
  return {
    ...{ node, region, bytes, blocks, badBlocks, bytesPerSecond },
    ...(dropped !== undefined && !isBack && { dropped: { reason: dropped.reason, detail: dropped.detail } }),
  };
}
