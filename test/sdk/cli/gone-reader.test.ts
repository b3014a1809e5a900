import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

const ROOT = join(import.meta.dirname, '../../..');

describe('commands whose output nobody reads to its end', () => {
  for (const program of ['sdk/cli/bcdn.mjs', 'node/cli/bcdn-node.mjs', 'marketplace/bcdn-marketplace.mjs']) {
    it(`${program} ends as it would have, without a word about it`, async () => {
      const child = spawn(process.execPath, [join(ROOT, program), '--help'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.destroy();
      const complaints = text(child.stderr);
      const [exitCode] = (await once(child, 'close')) as [number | null];
      expect(exitCode).to.equal(0);
      expect(await complaints).to.equal('');
    }).timeout(60_000);
  }
});
