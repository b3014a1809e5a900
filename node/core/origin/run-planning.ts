import type { LeafTable } from './leaf-table.ts';
import { FIRST_RUN_BYTES, MAX_RUN_BYTES, MAX_RUN_LEAVES, READ_AHEAD_BYTES } from './origin-limits.ts';

/** Adjacent leaves that one request asks an origin for. */
export interface Run {
  /** Numbers of the first and of the last leaf. */
  readonly first: number;
  readonly last: number;
  /** First byte in the file, and the one behind the last. */
  readonly start: number;
  readonly end: number;
}

/** What is known of the leaves of a file, by their numbers. */
export interface LeafStates {
  /** Neither stored nor being fetched. */
  wanted(index: number): boolean;
}

/**
 * The run that begins with a leaf: it goes on over adjacent leaves that are wanted too and are not repetitions of earlier
 * ones, up to a bound. What is asked for in order gets long runs, a leaf in the middle a short one.
 * @param at a wanted leaf
 */
export function planRun(table: LeafTable, at: number, states: LeafStates): Run {
  const maxBytes = inOrder(at, states) ? MAX_RUN_BYTES : FIRST_RUN_BYTES;
  const { offset: start, length } = table.at(at);
  let last = at;
  let end = start + length;
  const bound = Math.min(table.count, at + MAX_RUN_LEAVES);
  for (let next = at + 1; next < bound; next++) {
    const leaf = table.at(next);
    if (leaf.offset !== end || leaf.offset + leaf.length - start > maxBytes) break;
    if (leaf.length === 0 || !states.wanted(next) || table.isRepeated(next)) break;
    last = next;
    end = leaf.offset + leaf.length;
  }
  return { first: at, last, start, end };
}

/**
 * The leaf to begin the next run with while leaf `at` is being asked for: the first wanted one behind it within the
 * read-ahead, if leaves are asked for in order.
 */
export function readAhead(table: LeafTable, at: number, states: LeafStates): number | undefined {
  if (!inOrder(at, states)) return undefined;
  const { offset, length } = table.at(at);
  const bound = Math.min(table.count, at + 1 + MAX_RUN_LEAVES);
  for (let next = at + 1; next < bound; next++) {
    const leaf = table.at(next);
    if (leaf.offset > offset + length + READ_AHEAD_BYTES) return undefined;
    if (leaf.length > 0 && states.wanted(next) && !table.isRepeated(next)) return next;
  }
  return undefined;
}

/** Whether the leaf before is there already, or on its way. */
function inOrder(at: number, states: LeafStates): boolean {
  return at > 0 && !states.wanted(at - 1);
}
