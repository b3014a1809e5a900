import type { IdInterval } from '../id-interval.ts';
import { RING_ID_BYTES } from '../limits.ts';

/** Children of a node: one for each value of the next four bits of a position. */
export const FAN_OUT = 16;
/** Deepest node: 60 bits of a position. Ranges of more entries than a list holds do not exist so deep. */
export const MAX_DEPTH = 15;

/** A range of positions that share their leading `depth` times four bits; the root is the whole ring. */
export interface RangeNode {
  readonly depth: number;
  /** The shared bits, padded with zeros to whole bytes. */
  readonly prefix: Uint8Array;
}

export const ROOT: RangeNode = { depth: 0, prefix: new Uint8Array(0) };

/** Bytes of a prefix of this depth. */
export function prefixBytes(depth: number): number {
  return Math.ceil(depth / 2);
}

/** The child whose next four bits have this value. */
export function childOf(node: RangeNode, value: number): RangeNode {
  const prefix = new Uint8Array(prefixBytes(node.depth + 1));
  prefix.set(node.prefix);
  const last = prefix.length - 1;
  prefix[last] = node.depth % 2 === 0 ? value << 4 : (prefix[last] ?? 0) | value;
  return { depth: node.depth + 1, prefix };
}

/** Is `child` one of the children of `node`? */
export function isChildOf(child: RangeNode, node: RangeNode): boolean {
  if (child.depth !== node.depth + 1) return false;
  return keyOf({ depth: node.depth, prefix: leading(child.prefix, node.depth) }) === keyOf(node);
}

/** Equal for equal ranges. */
export function keyOf(node: RangeNode): string {
  return `${node.depth} ${node.prefix.join(' ')}`;
}

export function intervalOf(node: RangeNode): IdInterval {
  const from = new Uint8Array(RING_ID_BYTES);
  from.set(node.prefix);
  const to = Uint8Array.from(from);
  let carry = node.depth % 2 === 0 ? 1 : FAN_OUT;
  for (let i = prefixBytes(node.depth) - 1; i >= 0 && carry > 0; i--) {
    const sum = (to[i] ?? 0) + carry;
    to[i] = sum & 0xff;
    carry = sum > 0xff ? 1 : 0;
  }
  return { from, to };
}

/** The leading bits, as the prefix of a node of this depth. */
function leading(bytes: Uint8Array, depth: number): Uint8Array {
  const prefix = bytes.slice(0, prefixBytes(depth));
  const last = prefix.length - 1;
  if (depth % 2 === 1) prefix[last] = (prefix[last] ?? 0) & 0xf0;
  return prefix;
}
