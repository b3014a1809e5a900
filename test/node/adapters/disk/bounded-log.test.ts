import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BoundedLog } from '../../../../node/adapters/disk/bounded-log.ts';

describe('the log on disk', () => {
  let directory: string;
  let path: string;
  let previous: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-log-'));
    path = join(directory, 'node.log');
    previous = join(directory, 'node.log.1');
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('keeps the last lines in two files of a bounded size, over restarts, for the owner only', async () => {
    for (let run = 0; run < 3; run++) {
      const log = new BoundedLog({ path, previous, maxBytes: 100 });
      for (let line = 0; line < 10; line++) log.write(`run ${run}, line ${line} ....\n`);
      log.close();
    }
    const both = (await readFile(previous, 'utf8')) + (await readFile(path, 'utf8'));
    const lines = both.trim().split('\n');
    expect(lines.at(-1)).to.equal('run 2, line 9 ....');
    const last = Array.from({ length: 10 }, (_, line) => `run 2, line ${line} ....`);
    expect(last.join('\n').endsWith(lines.join('\n'))).to.equal(true);
    for (const file of [path, previous]) {
      const { size, mode } = await stat(file);
      expect(size).to.be.within(1, 100);
      expect(mode & 0o777).to.equal(0o600);
    }
  });

  it('loses lines rather than stop the node where no disk takes them', () => {
    const log = new BoundedLog({ path: join(directory, 'nowhere', 'node.log'), previous });
    log.write('lost\n');
    expect(log.lostLines).to.equal(1);
    log.close();
  });
});
