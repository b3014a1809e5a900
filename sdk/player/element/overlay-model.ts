import { amountText, byteText } from '../../ui/figures.ts';
import type { DropReason } from '../../client/fetch-report.ts';
import type { NodeView, ViewReport } from '../engine/view-report.ts';

/** One node as the overlay shows it. */
export interface OverlayRow {
  readonly node: string;
  readonly name: string;
  readonly region: string;
  readonly state: 'serving' | 'served' | 'dropped';
  readonly rate: string;
  readonly bytes: string;
  readonly blocks: string;
  /** Why it was dropped, in words. */
  readonly note: string;
}

/** Who serves, in words and figures. */
export interface OverlayModel {
  readonly headline: string;
  readonly rows: readonly OverlayRow[];
  /** What was paid for, what came from the origin: one sentence each. */
  readonly notes: readonly string[];
}

const REASONS: Readonly<Record<DropReason, string>> = {
  corrupt: 'Dropped: it sent bytes that are not those of the content',
  unreachable: 'Dropped: it cannot be reached',
  stalled: 'Dropped: it stopped sending',
  oversized: 'Dropped: it sent more than was asked for',
  refused: 'Dropped: it refused to serve',
};

/** What the overlay says of a view. */
export function overlayModel(report: ViewReport): OverlayModel {
  const rows = report.nodes.map(rowOf);
  return { headline: headlineOf(report), rows, notes: notesOf(report) };
}

function headlineOf({ nodes, verifiedBytes, onOrigin, originBytes, unverifiedBytes }: ViewReport): string {
  if (unverifiedBytes > 0) return 'Served by the origin, unverified';
  if (onOrigin && originBytes > 0) return 'Served by the origin, verified';
  if (verifiedBytes === 0) return 'Looking for nodes';
  const serving = nodes.filter(({ bytes, dropped }) => bytes > 0 && dropped === undefined).length;
  return `Served by ${serving} ${serving === 1 ? 'node' : 'nodes'}`;
}

function rowOf(node: NodeView): OverlayRow {
  const { bytes, blocks, bytesPerSecond, dropped, badBlocks } = node;
  const state = dropped !== undefined ? 'dropped' : bytesPerSecond !== undefined ? 'serving' : 'served';
  return {
    ...{ node: node.node, name: shortName(node.node), region: node.region, state },
    rate: state === 'serving' && bytesPerSecond !== undefined ? `${byteText(bytesPerSecond)}/s` : '',
    bytes: byteText(bytes),
    blocks: `${blocks}`,
    note: dropped === undefined ? '' : noteOf(dropped.reason, badBlocks),
  };
}

function noteOf(reason: DropReason, badBlocks: number): string {
  const count = badBlocks > 0 ? ` (${badBlocks} bad ${badBlocks === 1 ? 'block' : 'blocks'} refused)` : '';
  return `${REASONS[reason]}${count}.`;
}

function notesOf({
  verifiedBytes,
  verifiedBlocks,
  receiptsSigned,
  confirmedBytes,
  payableWei,
  originBytes,
  unverifiedBytes,
}: ViewReport): readonly string[] {
  const notes: string[] = [];
  if (verifiedBytes > 0)
    notes.push(`${byteText(verifiedBytes)} in ${verifiedBlocks} blocks verified against the CID.`);
  if (receiptsSigned > 0) {
    const price = BigInt(payableWei) > 0n ? `, worth ${amountText(BigInt(payableWei))} to the nodes` : '';
    notes.push(
      `${receiptsSigned} ${receiptsSigned === 1 ? 'receipt' : 'receipts'} signed, ${byteText(confirmedBytes)} confirmed${price}.`,
    );
  }
  if (originBytes > 0) notes.push(`${byteText(originBytes)} came from the publisher’s origin, verified too.`);
  if (unverifiedBytes > 0)
    notes.push(`${byteText(unverifiedBytes)} came from the origin and could not be verified.`);
  return notes;
}

/** An address as a person can compare it. */
function shortName(address: string): string {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}
