import { expect } from 'chai';

import {
  checkStoppedReachability,
  type StoppedSettings,
} from '../../../../node/app/doctor/stopped-reachability.ts';

const PUBLIC: StoppedSettings = {
  ...{ httpHost: '0.0.0.0', httpPort: 8080, listenHost: '0.0.0.0', tcpPort: 4001, wsPort: 4002 },
  announceHosts: ['edge.example'],
};
const ENDPOINT = '/dns/edge.example/tcp/8080/http';

describe('reachability of a stopped node', () => {
  it('is not known, and says what is', () => {
    expect(checkStoppedReachability(PUBLIC, [ENDPOINT])).to.deep.equal({
      check: 'reachability',
      state: 'warning',
      evidence: `not known while the node is stopped, because others can only dial one that runs; nothing in its settings keeps others away; the registry has 1 endpoint(s) of its last run: ${ENDPOINT}`,
      run: 'bcdn-node start, then bcdn-node doctor',
    });
  });

  for (const { what, settings, evidence, run } of [
    {
      what: 'only this machine could reach it',
      settings: { listenHost: '127.0.0.1' },
      evidence: 'by its settings it would listen on 127.0.0.1, which no other machine reaches',
      run: /--announce-host ADDRESS$/,
    },
    {
      what: 'it would announce what nobody can dial',
      settings: { announceHosts: [] },
      evidence: 'by its settings it would announce 0.0.0.0, which is no address that others can dial',
      run: /^bcdn-node start --announce-host ADDRESS$/,
    },
    {
      what: 'no router can be opened for its ports',
      settings: { wsPort: 0 },
      evidence: 'the system chooses ports anew at each start',
      run: /--http-port 8080/,
    },
  ]) {
    it(`says that ${what}, and what to run`, () => {
      const finding = checkStoppedReachability({ ...PUBLIC, ...settings }, []);
      expect(finding.evidence).to.contain(evidence);
      expect(finding.evidence).to.contain('the registry has no endpoint of it yet');
      expect(finding.run).to.match(run);
    });
  }

  it('does not guess what was registered where the chain is away', () => {
    expect(checkStoppedReachability(PUBLIC, undefined).evidence).to.match(
      /the registry could not be asked what it announced$/,
    );
  });
});
