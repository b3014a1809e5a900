import { join } from 'node:path';

import { expect } from 'chai';

import { openSqlite } from '../../../marketplace/database/sqlite.ts';
import { temporaryDirectory } from '../market-fixture.ts';

describe('SQLite database', () => {
  it('shows another connection what was written before the first is closed', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory.path, 'test.sqlite');
    const first = await openSqlite(file);
    await first.write((sql) => sql.run(`INSERT INTO used_challenges VALUES ('kept', 1)`));
    const second = await openSqlite(file);
    expect(await second.read.all('SELECT nonce FROM used_challenges')).to.deep.equal([{ nonce: 'kept' }]);
    await first.close();
    await second.close();
    await directory.remove();
  });
});
