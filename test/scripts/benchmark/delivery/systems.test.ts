import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { bcdn } from '../../../../scripts/benchmark/delivery/bcdn.ts';
import type { SampleFile } from '../../../../scripts/benchmark/delivery/delivery-system.ts';
import { npmPeer } from '../../../../scripts/benchmark/delivery/npm-peer.ts';
import { writeSampleFile } from '../../../../scripts/benchmark/delivery/sample-file.ts';

describe('the systems of bench delivery', function () {
  this.timeout(60_000);
  let directory: string;
  let file: SampleFile;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-delivery-systems-'));
    const { signal } = new AbortController();
    file = await writeSampleFile(2, 'http://127.0.0.1:1/announce', { seed: 5, directory, signal });
  });

  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('says how to get a peer that is not installed', async () => {
    const absence = await npmPeer('nobody', 'no-such-package').absence();
    expect(absence).to.match(/^the package no-such-package is not installed; install it with `npm ci /);
  });

  it('makes the same file for the same seed, and knows its hash', async () => {
    const bytes = await readFile(file.path);
    expect(bytes.length).to.equal(2 * 1_048_576);
    expect(createHash('sha256').update(bytes).digest('hex')).to.equal(file.sha256);
  });

  for (const transport of ['http', 'libp2p'] as const) {
    it(`downloads by bcdn over ${transport} from an edge in its own process`, async () => {
      const system = bcdn(transport);
      const running = await system.start({ file, sources: 1, directory });
      try {
        const target = join(directory, `fetched-${transport}`);
        await mkdir(target);
        const cost = await running.fetch(join(target, 'file'));
        const fetched = await readFile(join(target, 'file'));
        expect(createHash('sha256').update(fetched).digest('hex')).to.equal(file.sha256);
        expect(cost.syncedSeconds).to.be.at.least(cost.seconds);
        expect(cost.peakMemoryMb).to.be.greaterThan(0);
      } finally {
        await running.end();
      }
    });
  }
});
