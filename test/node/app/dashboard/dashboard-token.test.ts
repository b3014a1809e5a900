import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import {
  dashboardAddress,
  openDashboardToken,
  readDashboardToken,
} from '../../../../node/app/dashboard/dashboard-token.ts';
import { readPageFiles } from '../../../../node/app/dashboard/page-files.ts';
import { NodeError } from '../../../../node/app/node-error.ts';

describe("token and pages of the operator's desk", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-desk-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is made once, for the owner only, and lasts', async () => {
    const path = join(directory, 'dashboard.token');
    expect(await readDashboardToken(path)).to.equal(undefined);
    const token = await openDashboardToken(path);
    expect(token).to.match(/^[\w-]{43}$/);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await openDashboardToken(path)).to.equal(token);
    await rm(path);
    expect(await openDashboardToken(path)).not.to.equal(token);
    expect(dashboardAddress('http://127.0.0.1:1', token)).to.equal(`http://127.0.0.1:1/#token=${token}`);
  });

  it('is not guessed from a damaged file', async () => {
    const path = join(directory, 'dashboard.token');
    await writeFile(path, 'short\n');
    let refusal: unknown;
    try {
      await openDashboardToken(path);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).to.be.instanceOf(NodeError);
    expect(refusal).to.deep.include({ code: 'CONFIG_MALFORMED', values: { path } });
    expect(await readFile(path, 'utf8')).to.equal('short\n');
  });

  it('reads the pages once, and says how to build them where there are none', async () => {
    const none = await readPageFiles(join(directory, 'nowhere'));
    expect(none.get('/')?.body.toString()).to.contain('npm run build:pages');
    await writeFile(join(directory, 'index.html'), '<p>desk');
    await writeFile(join(directory, 'index.html.br'), 'compressed');
    await writeFile(join(directory, 'notes.txt'), 'no page');
    const pages = await readPageFiles(directory);
    expect([...pages.keys()].sort()).to.deep.equal(['/', '/index.html']);
    expect(pages.get('/')?.type).to.equal('text/html; charset=utf-8');
  });
});
