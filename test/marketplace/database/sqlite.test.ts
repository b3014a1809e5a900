import { join } from 'node:path';

import { expect } from 'chai';

import type { Database } from '../../../marketplace/database/database.ts';
import { MIGRATIONS } from '../../../marketplace/database/migrations.ts';
import { openSqlite } from '../../../marketplace/database/sqlite.ts';
import { temporaryDirectory } from '../market-fixture.ts';

describe('SQLite database', () => {
  let directory: { path: string; remove: () => Promise<void> };
  let file: string;
  const open: Database[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    file = join(directory.path, 'test.sqlite');
  });

  afterEach(async () => {
    for (const database of open.splice(0)) await database.close();
    await directory.remove();
  });

  async function openDatabase(migrations = MIGRATIONS): Promise<Database> {
    const database = await openSqlite(file, migrations);
    open.push(database);
    return database;
  }

  const useChallenge = (nonce: string) => 'INSERT INTO used_challenges VALUES (' + `'${nonce}', 1)`;
  const count = async (database: Database): Promise<unknown> =>
    (await database.read.get('SELECT COUNT(*) AS n FROM used_challenges'))?.['n'];

  it('upgrades a database of an earlier version and keeps its rows', async () => {
    const earlier = await openSqlite(file, MIGRATIONS.slice(0, 1));
    await earlier.write((sql) => sql.run(`INSERT INTO blocks VALUES (7, '0xaa', 8)`));
    await earlier.close();
    const database = await openDatabase();
    expect(await database.read.all('SELECT * FROM blocks')).to.deep.equal([
      { number: 7, hash: '0xaa', timestamp_seconds: 8 },
    ]);
    const versions = await database.read.all('SELECT version FROM schema_migrations ORDER BY version');
    expect(versions.map((row) => row['version'])).to.deep.equal(MIGRATIONS.map(({ version }) => version));
  });

  it('refuses a database of a later version', async () => {
    const later = { version: 99, name: 'later', statements: [] };
    await (await openSqlite(file, [...MIGRATIONS, later])).close();
    const failure: unknown = await openSqlite(file).catch((error: unknown) => error);
    expect(failure).to.deep.include({
      code: 'DATABASE_TOO_NEW',
      values: { stored: 99, known: MIGRATIONS.length },
    });
  });

  it('leaves no part of a migration that fails', async () => {
    const broken = { version: 50, name: 'broken', statements: ['CREATE TABLE half (n INTEGER)', 'NONSENSE'] };
    const failure: unknown = await openSqlite(file, [...MIGRATIONS, broken]).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
    const database = await openDatabase();
    expect(await database.read.all(`SELECT name FROM sqlite_master WHERE name = 'half'`)).to.deep.equal([]);
  });

  it('shows readers whole transactions only, and takes back one that fails', async () => {
    const database = await openDatabase();
    const seenInside = await database.write(async (sql) => {
      await sql.run(useChallenge('a'));
      return [await count(database), (await sql.get('SELECT COUNT(*) AS n FROM used_challenges'))?.['n']];
    });
    expect(seenInside).to.deep.equal([0, 1]);
    expect(await count(database)).to.equal(1);
    const failing = database.write(async (sql) => {
      await sql.run(useChallenge('b'));
      await sql.run(useChallenge('a'));
    });
    expect(await failing.catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(await count(database)).to.equal(1);
  });

  it('runs transactions one after another in the order they were asked for', async () => {
    const database = await openDatabase();
    const order: number[] = [];
    await Promise.all(
      [3, 1, 2].map((number) =>
        database.write(async (sql) => {
          await Promise.resolve();
          await sql.run(useChallenge(String(number)));
          order.push(number);
        }),
      ),
    );
    expect(order).to.deep.equal([3, 1, 2]);
    expect(await count(database)).to.equal(3);
  });

  it('shows another connection what was written before the first is closed', async () => {
    const first = await openSqlite(file);
    await first.write((sql) => sql.run(useChallenge('kept')));
    const second = await openDatabase();
    expect(await count(second)).to.equal(1);
    await first.close();
  });
});
