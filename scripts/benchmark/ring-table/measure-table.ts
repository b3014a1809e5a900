import { RoutingTable } from '../../../node/core/one-hop-ring/routing-table.ts';
import { median, percentile, rising } from '../../measuring/percentile.ts';
import { heldBytes } from '../process-heap.ts';
import { nsPerCall } from '../stopwatch.ts';
import { bigintTable, hexTable, type SortedArrayTable } from './naive-tables.ts';
import { KeySource, SampleMembers } from './sample-members.ts';

const SEARCHES = { batches: 200, calls: 2_000 };
const NAIVE_SEARCHES = { batches: 40, calls: 500 };
const CHANGES = { batches: 40, calls: 25 };
/** A reference to the record, in V8's array of references. */
const REFERENCE_BYTES = 8;
/** Comparators are left out above this: they need minutes there. */
const MAX_NAIVE_ENTRIES = 100_000;

export interface TableFigures {
  readonly entries: number;
  readonly columnBytesPerEntry: number;
  readonly tableBytesPerEntry: number;
  readonly recordBytesPerEntry: number;
  readonly successorNs: number;
  readonly successorP99Ns: number;
  readonly ownerRankNs: number;
  readonly successors5Ns: number;
  readonly findNs: number;
  readonly isInRingNs: number;
  readonly joinUs: number;
  readonly leaveUs: number;
  readonly expelUs: number;
  readonly digestNs: number;
  readonly naive: { readonly bigint: NaiveFigures; readonly hex: NaiveFigures } | undefined;
}

export interface NaiveFigures {
  readonly bytesPerEntry: number;
  readonly ownerRankNs: number;
  readonly joinUs: number;
  readonly leaveUs: number;
}

/** Builds one table of this size and measures it, then the comparators over the same positions. */
export function measureTable(entries: number, seed: number): TableFigures {
  const sample = new SampleMembers(seed);
  const ids = Array.from({ length: entries }, () => sample.position());
  const beforeRecords = heldBytes();
  const records = Array.from({ length: entries }, (_, i) => sample.record(i + 1));
  const beforeTable = heldBytes();
  const table = new RoutingTable();
  ids.forEach((id, i) => {
    const record = records[i];
    if (record !== undefined) table.put(id, record, 'alive');
  });
  const recordBytesPerEntry = (beforeTable - beforeRecords) / entries;
  const tableBytesPerEntry = (heldBytes() - beforeTable) / entries;
  const keys = new KeySource(sample, ids);
  return {
    entries,
    columnBytesPerEntry: table.columnBytes / entries + REFERENCE_BYTES,
    tableBytesPerEntry,
    recordBytesPerEntry,
    ...searches(table, keys),
    ...changes(table, sample, ids),
    naive:
      entries > MAX_NAIVE_ENTRIES
        ? undefined
        : { bigint: measureNaive(bigintTable, ids, keys), hex: measureNaive(hexTable, ids, keys) },
  };
}

function searches(
  table: RoutingTable,
  keys: KeySource,
): Pick<
  TableFigures,
  'successorNs' | 'successorP99Ns' | 'ownerRankNs' | 'successors5Ns' | 'findNs' | 'isInRingNs' | 'digestNs'
> {
  // What a search returns is used, or the compiler may leave the search out.
  let used = 0;
  const timed = (call: () => number): number[] => {
    const run = (): void => {
      used += call();
    };
    nsPerCall(run, SEARCHES);
    return nsPerCall(run, SEARCHES);
  };
  const successor = timed(() => {
    const owner = table.successor(keys.random());
    return owner === undefined ? 0 : owner.incarnation + (owner.nid[0] ?? 0);
  });
  const rankOf = (key: Uint8Array): number => table.ringRange({ from: key, to: key }).first;
  const figures = {
    successorNs: median(successor),
    successorP99Ns: percentile(rising(successor), 0.99),
    ownerRankNs: median(timed(() => rankOf(keys.random()))),
    successors5Ns: median(timed(() => table.successors(keys.random(), 5).length)),
    findNs: median(timed(() => table.find(keys.member())?.incarnation ?? 0)),
    isInRingNs: median(timed(() => Number(table.isInRing(keys.member())))),
    digestNs: median(timed(() => table.digest.low)),
  };
  return Number.isNaN(used) ? { ...figures, successorNs: Number.NaN } : figures;
}

/** An expulsion removes, a join inserts, a leave makes a tombstone; each brings the digest up to date. */
function changes(
  table: RoutingTable,
  sample: SampleMembers,
  ids: readonly Uint8Array[],
): Pick<TableFigures, 'joinUs' | 'leaveUs' | 'expelUs'> {
  const count = Math.min(ids.length, CHANGES.batches * CHANGES.calls);
  const movers = ids.slice(0, count).map((leaver) => ({
    leaver,
    nid: sample.position(),
    record: sample.record(1),
  }));
  const each = (change: (mover: (typeof movers)[number]) => void): number =>
    median(
      nsPerCall((i) => {
        const mover = movers[i];
        if (mover !== undefined) change(mover);
      }, CHANGES),
    ) / 1_000;
  return {
    expelUs: each(({ leaver }) => table.expel(leaver)),
    joinUs: each(({ nid, record }) => table.put(nid, record, 'alive')),
    leaveUs: each(({ nid, record }) => table.put(nid, record, 'left')),
  };
}

function measureNaive<P extends bigint | string>(
  build: (ids: readonly Uint8Array[]) => SortedArrayTable<P>,
  ids: readonly Uint8Array[],
  keys: KeySource,
): NaiveFigures {
  const before = heldBytes();
  const table = build(ids);
  const bytesPerEntry = (heldBytes() - before) / ids.length;
  const search = (): void => {
    table.ownerRank(keys.random());
  };
  nsPerCall(search, NAIVE_SEARCHES);
  const ownerRankNs = median(nsPerCall(search, NAIVE_SEARCHES));
  const joinUs = median(nsPerCall(() => table.insert(keys.random()), CHANGES)) / 1_000;
  const leaveUs = median(nsPerCall(() => table.remove(keys.member()), CHANGES)) / 1_000;
  return { bytesPerEntry, ownerRankNs, joinUs, leaveUs };
}
