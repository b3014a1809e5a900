import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { PublisherDesk, type Document } from './publisher-desk.ts';

const MIB = 1024 * 1024;
/** Where it is killed: what it has just said. */
const POINTS = ['Planned on', 'This locks', 'is open', 'Allocated to', 'edges hold it'] as const;

describe('bcdn publish that is killed (SIGKILL)', function () {
  this.timeout(240_000);
  let desk: PublisherDesk;

  before(async () => {
    desk = await PublisherDesk.open();
  });

  after(() => desk.close());

  for (const [index, point] of POINTS.entries()) {
    it(`after it said "${point}": the same command goes on, one deal is opened, the deposit is paid once`, async () => {
      const file = await desk.file(`film-${index}`, (3 + index) * MIB);
      const heldWei = await desk.tokens();
      expect(await desk.killedAt(point, 'publish', file, '--yes')).to.equal(true);
      // Once more at the same point, if it comes to it again.
      await desk.killedAt(point, 'publish', file, '--yes');
      const published = await desk.document('publish', file, '--yes');
      expect(heldWei - (await desk.tokens())).to.equal(BigInt(String(published['escrowedWei'])));
      const deals = (await desk.document('deal', 'list'))['deals'] as Document[];
      const mine = deals.filter(({ cid }) => cid === published['cid']);
      expect(mine.map((deal) => deal['dealId'])).to.deep.equal([published['dealId']]);
      expect(mine[0]?.['freeWei']).to.equal('0');
      expect(await readdir(join(desk.folder, 'state', 'bcdn', 'publications'))).to.deep.equal([]);
    });
  }

  it('says that a file has changed since, and how to begin anew', async () => {
    const file = await desk.file('changing', MIB);
    expect(await desk.killedAt('is open', 'publish', file, '--yes')).to.equal(true);
    await desk.file('changing', 2 * MIB);
    const { code, stdout } = await desk.run('publish', file, '--yes', '--json');
    const { error } = JSON.parse(stdout) as Document;
    expect([code, error?.code]).to.deep.equal([3, 'PUBLICATION_CHANGED']);
    expect(error?.remedy).to.include('--new');
    const published = await desk.document('publish', file, '--yes', '--new');
    expect(published['dealId']).to.not.equal(error?.values['dealId']);
    const closed = await desk.document('deal', 'close', String(error?.values['dealId']), '--yes');
    expect(closed['spentWei']).to.equal('0');
  });
});
