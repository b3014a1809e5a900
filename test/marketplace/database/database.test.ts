import { expect } from 'chai';

import type { Database } from '../../../marketplace/database/database.ts';
import { MIGRATIONS } from '../../../marketplace/database/migrations.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

describe('database', () => {
  let storage: TestStorage;
  const open: Database[] = [];

  beforeEach(async () => {
    storage = await temporaryStorage();
  });

  afterEach(async () => {
    for (const database of open.splice(0)) await database.close();
    await storage.remove();
  });

  async function openDatabase(migrations = MIGRATIONS): Promise<Database> {
    const database = await storage.open(migrations);
    open.push(database);
    return database;
  }

  const useChallenge = (nonce: string) => 'INSERT INTO used_challenges VALUES (' + `'${nonce}', 1)`;
  const count = async (database: Database): Promise<unknown> =>
    (await database.read.get('SELECT COUNT(*) AS n FROM used_challenges'))?.['n'];
  const failureOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (failure: unknown) => failure,
    );

  it('upgrades a database of an earlier version and keeps its rows', async () => {
    const earlier = await storage.open(MIGRATIONS.slice(0, 1));
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
    await (await storage.open([...MIGRATIONS, later])).close();
    expect(await failureOf(storage.open())).to.deep.include({
      code: 'DATABASE_TOO_NEW',
      values: { stored: 99, known: MIGRATIONS.at(-1)?.version },
    });
  });

  it('leaves no part of a migration that fails', async () => {
    const broken = { version: 50, name: 'broken', statements: ['CREATE TABLE half (n INTEGER)', 'NONSENSE'] };
    expect(await failureOf(storage.open([...MIGRATIONS, broken]))).to.be.instanceOf(Error);
    const database = await openDatabase();
    expect(await failureOf(database.read.all('SELECT * FROM half'))).to.be.instanceOf(Error);
    expect(await count(database)).to.equal(0);
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
    expect(await failureOf(failing)).to.be.instanceOf(Error);
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

  it('lets nobody write by way of the readers', async () => {
    const database = await openDatabase();
    expect(await failureOf(database.read.run(useChallenge('a')))).to.be.instanceOf(Error);
    expect(await count(database)).to.equal(0);
  });

  it('gives back what it was given: bytes, text of any script, numbers up to 2^53, nothing', async () => {
    const database = await openDatabase([
      {
        version: 1,
        name: 'values',
        statements: ['CREATE TABLE kept (id INTEGER PRIMARY KEY, n INTEGER, r REAL, t TEXT, b BLOB)'],
      },
    ]);
    const rows = [
      {
        id: 1,
        n: Number.MAX_SAFE_INTEGER,
        r: 0.1,
        t: `Größe ? 'zitiert' "東京" 🙂`,
        b: new Uint8Array([0, 255, 92]),
      },
      { id: 2, n: -1, r: -1.5e300, t: '', b: new Uint8Array() },
      { id: 3, n: null, r: null, t: null, b: null },
    ];
    await database.write(async (sql) => {
      for (const { id, n, r, t, b } of rows)
        expect(
          await sql.run('INSERT INTO kept (id, n, r, t, b) VALUES (?, ?, ?, ?, ?)', id, n, r, t, b),
        ).to.equal(1);
    });
    const found = await database.read.all('SELECT id, n, r, t, b FROM kept ORDER BY id');
    expect(
      found.map(({ b, ...rest }) => ({ ...rest, b: b instanceof Uint8Array ? [...b] : b })),
    ).to.deep.equal(rows.map(({ b, ...rest }) => ({ ...rest, b: b === null ? null : [...b] })));
    const summed = await database.read.get(
      `SELECT SUM(n) AS n, COUNT(*) AS rows, MAX(r) AS r, '?' AS t FROM kept`,
    );
    expect(summed).to.deep.equal({ n: Number.MAX_SAFE_INTEGER - 1, rows: 3, r: 0.1, t: '?' });
    expect(
      await database.read.get('SELECT id FROM kept WHERE b = ?', new Uint8Array([0, 255, 92])),
    ).to.deep.equal({
      id: 1,
    });
    expect(await database.write((sql) => sql.run('UPDATE kept SET n = 0 WHERE id > ?', 1))).to.equal(2);
  });

  it('orders text by its bytes, so that a page continues where the one before ended', async () => {
    const database = await openDatabase();
    const nonces = ['a', 'B', '_', '10', '9', 'ä', 'Z'];
    await database.write(async (sql) => {
      for (const nonce of nonces) await sql.run(useChallenge(nonce));
    });
    const ordered = await database.read.all('SELECT nonce FROM used_challenges ORDER BY nonce');
    expect(ordered.map((row) => row['nonce'])).to.deep.equal(['10', '9', 'B', 'Z', '_', 'a', 'ä']);
    const after = await database.read.all(
      'SELECT nonce FROM used_challenges WHERE nonce > ? ORDER BY nonce',
      'Z',
    );
    expect(after.map((row) => row['nonce'])).to.deep.equal(['_', 'a', 'ä']);
  });
});
