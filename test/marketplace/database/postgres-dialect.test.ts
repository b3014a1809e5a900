import { expect } from 'chai';

import { toPostgres } from '../../../marketplace/database/postgres-dialect.ts';

describe('dialect of PostgreSQL', () => {
  it('numbers placeholders, and leaves question marks in quotes alone', () => {
    expect(toPostgres(`SELECT '?', 'it''s ?', "a?" FROM t WHERE a = ? AND b IN (?, ?)`)).to.equal(
      `SELECT '?', 'it''s ?', "a?" FROM t WHERE a = $1 AND b IN ($2, $3)`,
    );
  });

  it('asks whether a placeholder is null as of text, for nothing else says its type', () => {
    expect(toPostgres('SELECT * FROM t WHERE (? IS NULL OR a = ?) AND ? is not null')).to.equal(
      'SELECT * FROM t WHERE (CAST($1 AS TEXT) IS NULL OR a = $2) AND CAST($3 AS TEXT) is not null',
    );
  });

  it('names column types where a schema is made, and nowhere else', () => {
    expect(
      toPostgres(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'TEXT', b BLOB, c REAL)`),
    ).to.equal(
      `CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT COLLATE "C" DEFAULT 'TEXT', b BYTEA, c DOUBLE PRECISION)`,
    );
    expect(toPostgres(`ALTER TABLE t ADD COLUMN locked_wei TEXT NOT NULL DEFAULT '0'`)).to.equal(
      `ALTER TABLE t ADD COLUMN locked_wei TEXT COLLATE "C" NOT NULL DEFAULT '0'`,
    );
    expect(toPostgres('SELECT CAST(a AS INTEGER) FROM t')).to.equal('SELECT CAST(a AS INTEGER) FROM t');
  });
});
