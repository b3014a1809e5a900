import type { Address } from '../protocol/identifiers.ts';
import { MAX_BAD_BLOCKS } from './client-limits.ts';

/** Evidence of a block whose bytes were not those of its CID. */
export interface BadBlock {
  readonly node: Address;
  readonly cid: string;
  /** sha-256 that the CID names and that the bytes have, hexadecimal. */
  readonly expected: string;
  readonly actual: string;
  readonly bytes: number;
}

/** Why a node was not asked any more. */
export type DropReason = 'corrupt' | 'unreachable' | 'stalled' | 'oversized' | 'refused';

/** A node that was dropped, with what it said or did. */
export interface DroppedNode {
  readonly node: Address;
  readonly reason: DropReason;
  readonly detail: string;
}

/** What is counted while fetching. */
export class FetchReport {
  /** Verified bytes by node: duplicates that arrived and were receipted included. */
  readonly bytesByNode = new Map<Address, number>();
  /** Verified blocks by node. */
  readonly blocksByNode = new Map<Address, number>();
  readonly badBlocks: BadBlock[] = [];
  readonly droppedNodes: DroppedNode[] = [];
  /** Distinct blocks verified. */
  blocks = 0;
  /** Verified blocks that came a second time. */
  duplicateBlocks = 0;
  receiptsSigned = 0;

  verified(node: Address, bytes: number): void {
    this.bytesByNode.set(node, (this.bytesByNode.get(node) ?? 0) + bytes);
    this.blocksByNode.set(node, (this.blocksByNode.get(node) ?? 0) + 1);
  }

  bad(block: BadBlock): void {
    if (this.badBlocks.length < MAX_BAD_BLOCKS) this.badBlocks.push(block);
  }

  dropped(node: DroppedNode): void {
    this.droppedNodes.push(node);
  }

  /** Whether the node gave wrong bytes: one that could not be reached may come back, this one may not. */
  isCorrupt(node: Address): boolean {
    return this.droppedNodes.some((dropped) => dropped.node === node && LASTING.has(dropped.reason));
  }
}

const LASTING: ReadonlySet<DropReason> = new Set(['corrupt', 'oversized']);
