import { inspect } from 'node:util';

import { expect } from 'chai';

import { systemClock } from '../../../sdk/pacing/clock.ts';
import type { Database } from '../../../marketplace/database/database.ts';
import { openPostgres, type PostgresOptions } from '../../../marketplace/database/postgres.ts';
import { MarketplaceError } from '../../../marketplace/errors.ts';
import type { TemporaryPostgres } from '../../../scripts/postgres/temporary-server.ts';
import { ON_POSTGRES, sharedPostgres } from '../storage-fixture.ts';
import { PostgresDoor } from './postgres-door.ts';

const SECRET = 'open-sesame';

describe('address of a PostgreSQL database', () => {
  it('is refused without being repeated when it cannot be read', async () => {
    const wrong = [
      `mysql://user:${SECRET}@localhost/db`,
      `postgres://user:${SECRET}@local host/db`,
      `postgres://user:${SECRET}@localhost:99999/db`,
      `postgres://user:${SECRET}@localhost/${'x'.repeat(3000)}`,
    ];
    for (const url of wrong) {
      const failure = await failureOf(openPostgres(url));
      expect(failure).to.include({ code: 'DATABASE_URL_INVALID' });
      expect(everythingIn(failure)).to.not.contain(SECRET);
    }
  });
});

if (ON_POSTGRES) describe('PostgreSQL database', withServer);

function withServer(): void {
  let server: TemporaryPostgres;
  let url: string;
  let door: PostgresDoor;
  let nowMs: number;
  const open: Database[] = [];

  before(async () => {
    server = await sharedPostgres();
  });

  beforeEach(async () => {
    url = await server.createDatabase();
    door = await PostgresDoor.to(url);
    nowMs = 1_000_000;
  });

  afterEach(async () => {
    for (const database of open.splice(0)) await database.close();
    await door.close();
    await server.dropDatabase(url);
  });

  const clock = { ...systemClock, nowMs: () => nowMs };

  async function openDatabase(options: PostgresOptions = {}): Promise<Database> {
    const database = await openPostgres(door.urlOf(url), { clock, ...options });
    open.push(database);
    return database;
  }

  const keep = (database: Database, nonce: string): Promise<number> =>
    database.write((sql) => sql.run('INSERT INTO used_challenges VALUES (?, 1)', nonce));
  const kept = async (database: Database): Promise<unknown[]> =>
    (await database.read.all('SELECT nonce FROM used_challenges ORDER BY nonce')).map((row) => row['nonce']);

  it('has one marketplace at a time: another is refused, and told whom it waits for', async () => {
    const first = await openDatabase();
    await keep(first, 'a');
    const refused = await failureOf(openPostgres(url, { lockWaitMs: 50 }));
    expect(refused).to.include({ code: 'DATABASE_IN_USE' });
    expect((refused as MarketplaceError).message).to.match(
      /writes to this database: server process \d+, connected from this machine since \d{4}-/,
    );
    await open.pop()?.close();
    expect(await kept(await openDatabase({ lockWaitMs: 50 }))).to.deep.equal(['a']);
  });

  it('takes over at once from a marketplace whose connection is gone', async () => {
    const first = await openDatabase({ lockWaitMs: 50 });
    await keep(first, 'a');
    door.shut();
    door.reopen();
    const second = await openDatabase();
    await keep(second, 'b');
    expect(await failureOf(keep(first, 'c'))).to.include({ code: 'DATABASE_IN_USE' });
    expect(await kept(second)).to.deep.equal(['a', 'b']);
  });

  it('keeps nothing of a transaction whose connection broke, and connects again for the next', async () => {
    const database = await openDatabase();
    const broken = database.write(async (sql) => {
      await sql.run('INSERT INTO used_challenges VALUES (?, 1)', 'lost');
      door.cut();
      await sql.run('INSERT INTO used_challenges VALUES (?, 1)', 'lost too');
    });
    expect(await failureOf(broken)).to.include({ code: 'DATABASE_UNREACHABLE' });
    await keep(database, 'next');
    expect(await kept(database)).to.deep.equal(['next']);
  });

  it('goes on after its idle connections broke, as if nothing had been', async () => {
    const database = await openDatabase();
    expect(await kept(database)).to.deep.equal([]);
    door.cut();
    await keep(database, 'a');
    door.cut();
    expect(await kept(database)).to.deep.equal(['a']);
  });

  it('fails at once between two tries while the server is away, each try twice as late as before', async () => {
    const database = await openDatabase();
    door.shut();
    expect(await failureOf(keep(database, 'a'))).to.include({ code: 'DATABASE_UNREACHABLE' });
    for (const delayMs of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
      const before = door.knocks;
      nowMs += delayMs - 1;
      expect(await failureOf(keep(database, 'a'))).to.include({ code: 'DATABASE_UNREACHABLE' });
      expect(door.knocks).to.equal(before);
      nowMs += 1;
      expect(await failureOf(keep(database, 'a'))).to.include({ code: 'DATABASE_UNREACHABLE' });
      expect(door.knocks).to.equal(before + 1);
    }
    expect(await failureOf(kept(database))).to.include({ code: 'DATABASE_UNREACHABLE' });
    door.reopen();
    nowMs += 5000;
    await keep(database, 'a');
    expect(await kept(database)).to.deep.equal(['a']);
  });

  it('keeps nothing of a transaction that goes on after a statement failed', async () => {
    const database = await openDatabase();
    const careless = database.write(async (sql) => {
      await sql.run('INSERT INTO used_challenges VALUES (?, 1)', 'a');
      await failureOf(sql.run('INSERT INTO used_challenges VALUES (?, 1)', 'a'));
    });
    expect(await failureOf(careless)).to.include({ code: 'DATABASE_CONFLICT' });
    expect(await kept(database)).to.deep.equal([]);
  });

  it('ends a statement that takes too long, and goes on', async () => {
    const impatient = await openPostgres(`${url}&statement_timeout=300`);
    open.push(impatient);
    expect(await failureOf(impatient.read.all('SELECT pg_sleep(30)'))).to.deep.include({
      code: 'DATABASE_TIMEOUT',
    });
    expect(await failureOf(impatient.write((sql) => sql.all('SELECT pg_sleep(30)')))).to.include({
      code: 'DATABASE_TIMEOUT',
    });
    await keep(impatient, 'a');
    expect(await kept(impatient)).to.deep.equal(['a']);
  });

  it('calls text that it cannot hold a bad request', async () => {
    const database = await openDatabase();
    expect(await failureOf(keep(database, 'a\u0000b'))).to.include({ code: 'INVALID_REQUEST' });
    expect(await kept(database)).to.deep.equal([]);
  });

  it('commits to disk even where the server is set not to', async () => {
    await server.run(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`);
    const database = await openDatabase();
    const setting = await database.write((sql) =>
      sql.get(`SELECT current_setting('synchronous_commit') AS setting`),
    );
    expect(setting).to.deep.equal({ setting: 'on' });
  });

  it('tells nobody the password, neither the wrong nor the right one', async () => {
    const failures = [
      await failureOf(openPostgres(url.replace(server.password, SECRET))),
      await failureOf(openPostgres(url.replace(/\/bcdn_\d+/, '/missing'))),
    ];
    for (const failure of failures) expect(failure).to.include({ code: 'DATABASE_REFUSED' });
    const database = await openDatabase();
    door.shut();
    failures.push(await failureOf(keep(database, 'a')), await failureOf(kept(database)));
    for (const failure of failures) {
      expect(failure).to.be.instanceOf(MarketplaceError);
      expect(everythingIn(failure)).to.not.contain(SECRET).and.not.contain(server.password);
    }
  });
}

/** All that a log could show of a failure, causes included. */
function everythingIn(failure: unknown): string {
  return inspect(failure, { depth: Infinity, showHidden: true });
}

function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
}
