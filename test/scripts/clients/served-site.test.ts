import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { expect } from 'chai';

import {
  LARGE_BYTES,
  LARGE_FILE,
  NOTE_FILE,
  NOTE_TEXT,
  writeSampleSite,
} from '../../../scripts/clients/sample-site.ts';
import { ServedSite } from '../../../scripts/clients/served-site.ts';

describe('the site that unmodified clients fetch from', () => {
  let directory: string;
  let site: ServedSite;

  before(async function () {
    this.timeout(30_000);
    directory = await mkdtemp(join(tmpdir(), 'bcdn-served-site-'));
    const sample = await writeSampleSite(join(directory, 'site'), { films: false });
    site = await ServedSite.start(sample, directory);
  });

  after(async () => {
    await site.stop();
    await rm(directory, { recursive: true });
  });

  it('answers for a name that needs encoding, by both of its origins', async () => {
    for (const origin of [site.origin, site.otherOrigin]) {
      const response = await fetch(site.urlOf(NOTE_FILE, origin));
      expect(await response.text()).to.equal(NOTE_TEXT);
    }
  });

  it('rations nothing and counts what it sent', async () => {
    const before = site.sentBytes;
    const response = await fetch(site.urlOf(LARGE_FILE));
    expect(Buffer.from(await response.arrayBuffer()).equals(site.site.large)).to.equal(true);
    // The client may have the last byte before the gateway has noticed that it left.
    while (site.sentBytes - before < LARGE_BYTES) await setImmediate();
    expect(site.sentBytes - before).to.equal(LARGE_BYTES);
  });
});
