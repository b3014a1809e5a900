import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

const ROOT = join(import.meta.dirname, '../..');
const KILLS = 5;
/** Decides the moments of the kills. */
const SEED = 20;

describe('a serving node that is killed with SIGKILL', function () {
  this.timeout(180_000);

  it(`loses no acknowledged receipt and is paid for each exactly once, ${KILLS} times over`, async () => {
    const child = spawn(
      process.execPath,
      ['scripts/kills/main.ts', '--count', String(KILLS), '--seed', String(SEED), '--json'],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect(child.exitCode, stderr).to.equal(0);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).to.include({ kills: KILLS, lostReceipts: 0, doubleClaims: 0, ok: true });
    expect(report['paidWei']).to.equal(report['expectedWei']);
    expect(report['acknowledgedBytes']).to.be.a('number').that.is.above(0);
    expect(report['recoveredBytes']).to.be.at.least(Number(report['acknowledgedBytes']));
  });
});
