import type { MemberState } from './membership-event.ts';
import { leadingWord, type RingId } from './ring-identifier.ts';

/** 64 bits over a set of entries, independent of their order. It finds differences; it authenticates nothing. */
export interface TableDigest {
  readonly high: number;
  readonly low: number;
}

export interface DigestedEntry {
  readonly nid: RingId;
  readonly incarnation: number;
  readonly state: MemberState;
}

export function emptyDigest(): TableDigest {
  return { high: 0, low: 0 };
}

export function equalDigests(a: TableDigest, b: TableDigest): boolean {
  return a.high === b.high && a.low === b.low;
}

export function addEntry(digest: TableDigest, entry: DigestedEntry): TableDigest {
  const part = entryDigest(entry);
  return { high: (digest.high + part.high) >>> 0, low: (digest.low + part.low) >>> 0 };
}

export function removeEntry(digest: TableDigest, entry: DigestedEntry): TableDigest {
  const part = entryDigest(entry);
  return { high: (digest.high - part.high) >>> 0, low: (digest.low - part.low) >>> 0 };
}

/** Digest of two sets that have nothing in common. */
export function sumOf(a: TableDigest, b: TableDigest): TableDigest {
  return { high: (a.high + b.high) >>> 0, low: (a.low + b.low) >>> 0 };
}

/** Digest of a set without a part of it. */
export function without(whole: TableDigest, part: TableDigest): TableDigest {
  return { high: (whole.high - part.high) >>> 0, low: (whole.low - part.low) >>> 0 };
}

/** Suspect counts as alive: a suspicion is over before anybody would repair it. */
function entryDigest(entry: DigestedEntry): TableDigest {
  const state = entry.state === 'suspect' || entry.state === 'alive' ? 1 : entry.state === 'failed' ? 2 : 3;
  const head = leadingWord(entry.nid);
  const next = leadingWord(entry.nid.subarray(4, 8));
  const mixed = mix(head ^ mix(entry.incarnation ^ Math.imul(state, 0x9e37_79b1)));
  return { high: mixed, low: mix(mixed ^ next) };
}

/** Finaliser of a 32-bit integer hash: every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
