import { defineBench, type Json } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import { measureTable, type TableFigures } from './measure-table.ts';

/** RING.md, identity, table, successor: at 10^5 entries. */
const TARGET = { entries: 100_000, bytesPerEntry: 96, successorNs: 250 };
const SMALLEST_EXPONENT = 3;

export const ringTable = defineBench({
  name: 'ring-table',
  summary:
    'The full table of the one-hop ring: bytes an entry and cost of search and change, against sorted arrays.',
  options: {
    exponent: {
      description: 'measure tables of 10^3 up to 10^<count> entries; 6 takes minutes and 3 GB',
      fallback: 5,
      min: 3,
      max: 6,
    },
    seed: { description: 'of the positions', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async ({ exponent, seed }, { progress, signal }) => {
    const tables: TableFigures[] = [];
    for (let power = SMALLEST_EXPONENT; power <= exponent; power++) {
      signal.throwIfAborted();
      const entries = 10 ** power;
      tables.push(
        await progress.task(`table of ${figure(entries)} entries`, async () => measureTable(entries, seed)),
      );
    }
    const atTarget = tables.find(({ entries }) => entries === TARGET.entries);
    return {
      figures: {
        tables: tables.map(jsonOf),
        target: {
          ...TARGET,
          met:
            atTarget === undefined
              ? null
              : Math.max(atTarget.columnBytesPerEntry, atTarget.tableBytesPerEntry) <= TARGET.bytesPerEntry &&
                atTarget.successorNs <= TARGET.successorNs,
        },
      },
      tables: [
        {
          title: 'One-hop ring table (target at 100,000 entries: 96 B an entry, successor 250 ns)',
          columns: ['', ...tables.map(({ entries }) => figure(entries))],
          rows: ROWS.map(([name, read]) => [name, ...tables.map((table) => figure(read(table)))]),
        },
      ],
    };
  },
});

const NONE = Number.NaN;
const ROWS: readonly (readonly [string, (table: TableFigures) => number])[] = [
  ['columns, B an entry', (table) => table.columnBytesPerEntry],
  ['table in process memory, B an entry', (table) => table.tableBytesPerEntry],
  ['signed records, B an entry', (table) => table.recordBytesPerEntry],
  ['successor p50, ns', (table) => table.successorNs],
  ['successor p99 of batches, ns', (table) => table.successorP99Ns],
  ['owner’s rank, ns', (table) => table.ownerRankNs],
  ['five successors, ns', (table) => table.successors5Ns],
  ['find, ns', (table) => table.findNs],
  ['isInRing, ns', (table) => table.isInRingNs],
  ['digest, ns', (table) => table.digestNs],
  ['join, µs', (table) => table.joinUs],
  ['leave, µs', (table) => table.leaveUs],
  ['expel, µs', (table) => table.expelUs],
  ['sorted bigints: B an entry', (table) => table.naive?.bigint.bytesPerEntry ?? NONE],
  ['sorted bigints: owner’s rank, ns', (table) => table.naive?.bigint.ownerRankNs ?? NONE],
  ['sorted bigints: join, µs', (table) => table.naive?.bigint.joinUs ?? NONE],
  ['sorted hex strings: B an entry', (table) => table.naive?.hex.bytesPerEntry ?? NONE],
  ['sorted hex strings: owner’s rank, ns', (table) => table.naive?.hex.ownerRankNs ?? NONE],
  ['sorted hex strings: join, µs', (table) => table.naive?.hex.joinUs ?? NONE],
  ['ratio to bigints, owner’s rank', (table) => ratio(table, 'bigint')],
  ['ratio to hex strings, owner’s rank', (table) => ratio(table, 'hex')],
];

function ratio(table: TableFigures, peer: 'bigint' | 'hex'): number {
  return table.naive === undefined ? NONE : table.naive[peer].ownerRankNs / table.ownerRankNs;
}

function jsonOf(table: TableFigures): Json {
  const { naive, ...figures } = table;
  const plain: Record<string, Json> = {};
  for (const [name, value] of Object.entries(figures)) plain[name] = rounded(value);
  if (naive === undefined) return plain;
  for (const peer of ['bigint', 'hex'] as const) {
    const peerFigures: Record<string, Json> = {};
    for (const [name, value] of Object.entries(naive[peer])) peerFigures[name] = rounded(Number(value));
    plain[peer] = { ...peerFigures, ratio: rounded(ratio(table, peer)) };
  }
  return plain;
}
