import { expect } from 'chai';

import { FuzzRun } from '../../../scripts/fuzz-gateway/fuzz-run.ts';
import { startGateway } from '../../../scripts/fuzz-gateway/gateway-target.ts';
import { isClean } from '../../../scripts/fuzz-gateway/report.ts';

/** About three seconds on two quiet cores; `scripts/fuzz-gateway/main.ts` sends as many as one likes. */
const REQUESTS = 8_000;
const CONNECTIONS = 16;
const SEED = 7;
/** Of the gateway's process, whatever is sent to it. */
const MAX_MEMORY_BYTES = 350_000_000;

describe('a gateway process under hostile requests', function () {
  this.timeout(120_000);

  for (const rationed of [false, true]) {
    it(`answers ${REQUESTS} of them by HTTP, none with 500, and then an ordinary client exactly${rationed ? ' (rationed)' : ''}`, async () => {
      const target = await startGateway(SEED, { rationed });
      try {
        const { signal } = new AbortController();
        const plan = { requests: REQUESTS, seed: SEED, connections: CONNECTIONS, signal };
        const report = await new FuzzRun(target, plan).run();
        const { tally, crashed, normalAfter, leakedHandles } = report;
        expect(tally.findings).to.deep.equal([]);
        expect({ crashed, leakedHandles }).to.deep.equal({ crashed: false, leakedHandles: 0 });
        expect(report.peakMemoryBytes).to.be.below(MAX_MEMORY_BYTES);
        expect(tally.requests).to.be.at.least(REQUESTS);
        // What is rationed runs out, the control file with it.
        if (rationed) expect(tally.codes.get('FREE_ALLOWANCE_EXHAUSTED')).to.be.greaterThan(0);
        else expect([normalAfter, isClean(report), tally.exact > 0]).to.deep.equal([true, true, true]);
      } finally {
        await target.stop();
      }
    });
  }
});
