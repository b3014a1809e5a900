import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { MAX_BATCH_BYTES, MAX_LISTED_ENTRIES, RING_ID_BYTES } from '../limits.ts';
import { memberName } from '../member-names.ts';
import { supersedes } from '../membership-event.ts';
import type { RingEntry, RingTable } from '../ring-table.ts';
import { equalDigests, type TableDigest } from '../table-digest.ts';
import type { ListedEntry, RangeDigests, RangePart } from '../wire-message.ts';
import { childOf, FAN_OUT, intervalOf, MAX_DEPTH, type RangeNode } from './range-node.ts';
import { rangePartBytes } from './range-codec.ts';

/** The digests of a node's children. */
export function digestsOf(table: RingTable, node: RangeNode): TableDigest[] {
  return children(node).map((child) => table.rangeDigest(intervalOf(child)));
}

/**
 * Answers a question: for each child whose digest differs, its entries if they are few, else its own children's
 * digests. Deals with as many nodes as one message holds.
 */
export function answerTo(
  table: RingTable,
  asked: readonly RangeDigests[],
): { readonly answered: number; readonly parts: RangePart[] } {
  const parts: RangePart[] = [];
  let bytes = 0;
  let answered = 0;
  for (const { node, digests } of asked) {
    const answer = children(node)
      .filter((child, i) => !equalDigests(table.rangeDigest(intervalOf(child)), digests[i] ?? NO_DIGEST))
      .map((child) => partOf(table, child));
    for (const part of answer) bytes += rangePartBytes(part);
    if (answered > 0 && bytes > MAX_BATCH_BYTES) break;
    parts.push(...answer);
    answered += 1;
  }
  return { answered, parts };
}

/** Who knows what better within a range, given all that the other side holds there. */
export function difference(
  table: RingTable,
  node: RangeNode,
  theirs: readonly ListedEntry[],
): { readonly wanted: ListedEntry[]; readonly better: RingEntry[] } {
  const ours = new Map<string, RingEntry>();
  for (const entry of table.entriesIn(intervalOf(node))) ours.set(bytesToHex(memberName(entry.nid)), entry);
  const wanted: ListedEntry[] = [];
  for (const listed of theirs) {
    const name = bytesToHex(listed.name);
    const held = ours.get(name);
    if (held === undefined || supersedes(listed, settled(held))) wanted.push(listed);
    if (held !== undefined && !supersedes(settled(held), listed)) ours.delete(name);
  }
  return { wanted, better: [...ours.values()] };
}

/** The entry of this name, if the table has one. */
export function entryNamed(table: RingTable, name: Uint8Array): RingEntry | undefined {
  const from = new Uint8Array(RING_ID_BYTES);
  from.set(name);
  const to = new Uint8Array(RING_ID_BYTES).fill(0xff);
  to.set(name);
  for (const entry of table.entriesIn({ from, to })) return entry;
  return undefined;
}

const NO_DIGEST: TableDigest = { high: 0, low: 0 };

function children(node: RangeNode): RangeNode[] {
  return Array.from({ length: FAN_OUT }, (_, value) => childOf(node, value));
}

function partOf(table: RingTable, node: RangeNode): RangePart {
  const entries: ListedEntry[] = [];
  for (const entry of table.entriesIn(intervalOf(node))) {
    if (entries.length === MAX_LISTED_ENTRIES) {
      if (node.depth < MAX_DEPTH) return { node, digests: digestsOf(table, node) };
      break;
    }
    const { incarnation, state } = settled(entry);
    entries.push({ name: memberName(entry.nid), incarnation, state });
  }
  return { node, entries };
}

/** Suspicion is our own affair: to others a suspect is alive. */
function settled(entry: RingEntry): Pick<RingEntry, 'incarnation' | 'state'> {
  const { incarnation, state } = entry;
  return { incarnation, state: state === 'suspect' ? 'alive' : state };
}
