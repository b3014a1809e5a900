import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import {
  inspectVersionedDatabase,
  openVersionedDatabase,
} from '../../../../node/adapters/disk/versioned-database.ts';
import { StorageError } from '../../../../node/core/storage/storage-error.ts';

const FIRST = 'CREATE TABLE deals (id INTEGER PRIMARY KEY); INSERT INTO deals VALUES (7);';
const SECOND = "ALTER TABLE deals ADD COLUMN region TEXT DEFAULT 'eu-west';";

describe('openVersionedDatabase', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-versions-'));
    path = join(directory, 'books.sqlite');
  });

  afterEach(async () => rm(directory, { recursive: true, force: true }));

  const deals = (migrations: readonly string[]): unknown[] => {
    const database = openVersionedDatabase(path, { migrations });
    const rows = database.prepare('SELECT * FROM deals').all();
    database.close();
    return rows.map((row) => ({ ...row }));
  };

  it('makes the tables once, and brings a file of an earlier version to this one with what it says', () => {
    expect(deals([FIRST])).to.deep.equal([{ id: 7 }]);
    expect(deals([FIRST])).to.deep.equal([{ id: 7 }]);
    expect(deals([FIRST, SECOND])).to.deep.equal([{ id: 7, region: 'eu-west' }]);
    expect(deals([FIRST, SECOND])).to.deep.equal([{ id: 7, region: 'eu-west' }]);
  });

  it('leaves a file of a later version alone and says which program to start', () => {
    deals([FIRST, SECOND]);
    expect(() => deals([FIRST]))
      .to.throw(StorageError, 'a later version')
      .that.deep.includes({
        code: 'STORE_VERSION_UNKNOWN',
        values: { path, version: 2, known: 1 },
        remedy: 'Start the version of this program that wrote it, or a newer one.',
      });
    expect(deals([FIRST, SECOND])).to.have.length(1);
  });

  it('leaves a file as it was when a step to the next version fails', () => {
    deals([FIRST]);
    expect(() =>
      deals([FIRST, 'ALTER TABLE deals ADD COLUMN region TEXT; ALTER TABLE nothing ADD x;']),
    ).to.throw();
    expect(deals([FIRST])).to.deep.equal([{ id: 7 }]);
  });

  it('shows a file that another process owns only if it is of this version', () => {
    deals([FIRST]);
    const seen = inspectVersionedDatabase(path, { known: 1 });
    expect(() => seen.exec('DELETE FROM deals')).to.throw('readonly');
    seen.close();
    expect(() => inspectVersionedDatabase(path, { known: 2 }))
      .to.throw(StorageError, 'an earlier version')
      .that.deep.includes({ code: 'STORE_VERSION_UNKNOWN', values: { path, version: 1, known: 2 } });
  });
});
