import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { copyDatabase } from '../../../marketplace/database/copy-database.ts';
import type { Database, Row, SqlValue } from '../../../marketplace/database/database.ts';
import { MIGRATIONS } from '../../../marketplace/database/migrations.ts';
import { openPostgres } from '../../../marketplace/database/postgres.ts';
import { openSqlite } from '../../../marketplace/database/sqlite.ts';
import type { TemporaryPostgres } from '../../../scripts/postgres/temporary-server.ts';
import { temporaryDirectory } from '../market-fixture.ts';
import { ON_POSTGRES, sharedPostgres } from '../storage-fixture.ts';

const PROGRAM = fileURLToPath(new URL('../../../marketplace/main.ts', import.meta.url));
/** Rows of each table: more than one statement carries, and not a multiple of it. */
const ROWS = 437;

if (ON_POSTGRES) describe('copy from SQLite to PostgreSQL', withServer);

function withServer(): void {
  let server: TemporaryPostgres;
  let directory: { path: string; remove: () => Promise<void> };
  let url: string;

  before(async () => {
    server = await sharedPostgres();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    url = await server.createDatabase();
  });

  afterEach(async () => {
    await server.dropDatabase(url);
    await directory.remove();
  });

  const openSource = (): Promise<Database> => openSqlite(join(directory.path, 'marketplace.sqlite'));

  it('brings over every row of every table, whatever is in them, and leaves the source as it is', async () => {
    const source = await openSource();
    const tables = await fill(source);
    await source.close();
    const copied = await copyDatabase({ from: directory.path, to: url });
    expect([...copied.keys()].sort()).to.deep.equal([...tables].sort());
    const target = await openPostgres(url);
    const before = await openSource();
    for (const table of tables) {
      const statement = `SELECT * FROM ${table}`;
      const rows = sortedText(await before.read.all(statement));
      expect(rows.length, table).to.equal(copied.get(table)).and.to.be.greaterThan(0);
      expect(sortedText(await target.read.all(statement)), table).to.deep.equal(rows);
    }
    await target.close();
    await before.close();
  });

  it('refuses a target that has anything in it, and changes nothing there', async () => {
    const source = await openSource();
    await fill(source);
    await source.close();
    const target = await openPostgres(url);
    await target.write((sql) =>
      sql.run(`INSERT INTO vouchers VALUES ('0xd', '0xn', 1, '2', ?, 3)`, new Uint8Array(1)),
    );
    await target.close();
    expect(await failureOf(copyDatabase({ from: directory.path, to: url }))).to.deep.include({
      code: 'DATABASE_NOT_EMPTY',
      values: { table: 'vouchers', rows: 1 },
    });
    const after = await openPostgres(url);
    expect(await after.read.get('SELECT COUNT(*) AS n FROM grants')).to.deep.equal({ n: 0 });
    await after.close();
  });

  it('refuses a source that a marketplace uses, and one that does not exist', async () => {
    const running = await openSource();
    expect(await failureOf(copyDatabase({ from: directory.path, to: url }))).to.include({
      code: 'DATABASE_IN_USE',
    });
    await running.close();
    const nowhere = join(directory.path, 'nowhere');
    expect(await failureOf(copyDatabase({ from: nowhere, to: url }))).to.include({
      code: 'DATABASE_NOT_FOUND',
    });
  });

  it('is a command that says what it copied, and what to do next, without the password', async () => {
    const source = await openSource();
    await fill(source);
    await source.close();
    const first = await run('copy-database', '--from', directory.path, '--to', url);
    expect(first).to.include({ code: 0, stderr: '' });
    expect(first.stdout).to.contain(`  grants: ${ROWS}\n`).and.not.contain(server.password);
    const second = await run('copy-database', '--from', directory.path, '--to', url);
    expect(second).to.include({ code: 1, stdout: '' });
    expect(second.stderr).to.contain('The target is not empty').and.not.contain(server.password);
    expect((await run('copy-database', '--to', url)).code).to.equal(2);
  });
}

/** Puts rows into every table by what its columns are. @returns the tables */
async function fill(database: Database): Promise<string[]> {
  const tables = MIGRATIONS.flatMap(({ statements }) => statements)
    .map((statement) => /^CREATE TABLE (\w+)/.exec(statement)?.[1])
    .filter((table) => table !== undefined);
  await database.write(async (sql) => {
    for (const table of tables) {
      const columns = await sql.all(`SELECT name, type, pk FROM pragma_table_info('${table}')`);
      const names = columns.map(({ name }) => String(name));
      const places = names.map(() => '?').join(', ');
      const count = table === 'chain_identity' ? 1 : ROWS;
      for (let row = 1; row <= count; row++) {
        const values = columns.map(({ name, type }) => valueFor(String(name), String(type), row));
        await sql.run(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`, ...values);
      }
    }
  });
  return tables;
}

function valueFor(column: string, type: string, row: number): SqlValue {
  if (column === 'carried_bytes') return 0;
  if (column === 'state') return 'paid';
  if (column === 'signed_wei') return String(1000 + row);
  if (column === 'floor_wei') return '999';
  if (column.startsWith('peer_') && row % 2 === 0) return null;
  if (type === 'INTEGER') return row % 7 === 0 && column !== 'id' ? Number.MAX_SAFE_INTEGER - row : row;
  if (type === 'BLOB') return Uint8Array.from([row % 256, 0, 255, 92]);
  return `${row} 'é' "?" \\ ${column}`;
}

/** Rows as text in one order, bytes as lists whatever class holds them. */
function sortedText(rows: readonly Row[]): string[] {
  return rows
    .map((row) =>
      JSON.stringify(row, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value)),
    )
    .sort();
}

async function run(...words: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
}
