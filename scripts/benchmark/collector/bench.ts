import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Database } from '../../../marketplace/database/database.ts';
import { openPostgres } from '../../../marketplace/database/postgres.ts';
import { openSqlite } from '../../../marketplace/database/sqlite.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { median } from '../../measuring/percentile.ts';
import { TemporaryPostgres } from '../../postgres/temporary-server.ts';
import { defineBench } from '../bench.ts';
import { signedSample } from '../receipts/signed-sample.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import { Ledger } from './ledger.ts';

interface Rates {
  /** Receipts a second by round. */
  readonly settled: number[];
  readonly kept: number[];
}

/** A database to measure, and how to be rid of it. */
interface Bed {
  readonly name: 'sqlite' | 'postgresql';
  readonly database: Database;
  readonly remove: () => Promise<void>;
}

export const collector = defineBench({
  name: 'collector',
  summary: 'Receipts a second that the marketplace settles on SQLite and on PostgreSQL, synced to disk.',
  options: {
    rounds: { description: 'rounds; the medians are reported', fallback: 5, min: 1, max: 100 },
    receipts: { description: 'receipts of a round', fallback: 4_096, min: 64, max: 65_536 },
  },
  run: async ({ rounds, receipts }, { progress, signal }) => {
    const sample = signedSample(nativeSecp256k1, receipts);
    const beds = await openBeds();
    try {
      const measured: { bed: Bed; ledger: Ledger; rates: Rates }[] = [];
      for (const bed of beds) {
        const ledger = await Ledger.fill(bed.database, sample);
        measured.push({ bed, ledger, rates: { settled: [], kept: [] } });
      }
      for (let round = 1; round <= rounds; round++) {
        signal.throwIfAborted();
        await progress.task(`round ${round} of ${rounds}`, async () => {
          for (const { ledger, rates } of measured) {
            rates.settled.push(perSecond(receipts, await ledger.settle()));
            await ledger.forgetReceipts();
            rates.kept.push(perSecond(receipts, await ledger.keep()));
            await ledger.forgetReceipts();
          }
        });
      }
      return reportOf(measured.map(({ bed, rates }) => ({ name: bed.name, rates })));
    } finally {
      for (const bed of beds) await bed.remove();
    }
  },
});

/** SQLite in the folder for temporary files, and PostgreSQL beside it where its server is installed. */
async function openBeds(): Promise<Bed[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bcdn-collector-'));
  const sqlite = await openSqlite(join(folder, 'marketplace.sqlite'));
  const removeSqlite = async (): Promise<void> => {
    await sqlite.close();
    await rm(folder, { recursive: true, force: true });
  };
  const beds: Bed[] = [{ name: 'sqlite', database: sqlite, remove: removeSqlite }];
  if (!TemporaryPostgres.isInstalled()) return beds;
  const server = await TemporaryPostgres.start({ syncs: true });
  const database = await openPostgres(await server.createDatabase());
  const remove = async (): Promise<void> => {
    await database.close();
    await server.stop();
  };
  return [...beds, { name: 'postgresql', database, remove }];
}

function reportOf(measured: readonly { name: Bed['name']; rates: Rates }[]) {
  const rows = measured.map(({ name, rates }) => ({
    name,
    settled: median(rates.settled),
    kept: median(rates.kept),
  }));
  const figures = Object.fromEntries(
    rows.map(({ name, settled, kept }) => [
      name,
      { settledPerSecond: rounded(settled), keptPerSecond: rounded(kept) },
    ]),
  );
  return {
    figures: {
      ...figures,
      counted: 'settled: verified, kept on disk in pages and paid by a voucher; kept: without verifying',
      ...(rows.length === 1 && { skipped: 'postgresql: its server is not installed' }),
    },
    tables: [
      {
        title: 'Receipts a second (time of the wall)',
        columns: ['', 'settled', 'kept on disk'],
        rows: rows.map(({ name, settled, kept }) => [name, figure(settled), figure(kept)]),
      },
    ],
  };
}

function perSecond(count: number, milliseconds: number): number {
  return (count / milliseconds) * 1000;
}
