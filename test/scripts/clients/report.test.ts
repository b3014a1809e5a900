import { expect } from 'chai';

import { clientsJson, clientsLines } from '../../../scripts/clients/report.ts';
import { finding } from '../../../scripts/clients/unmodified-client.ts';

describe('the report of unmodified clients', () => {
  const results = [
    {
      name: 'curl',
      absent: undefined,
      findings: [
        { what: 'a path', ok: true, evidence: '54 characters' },
        { what: 'a range', ok: false, evidence: 'The status is 200, not 206.' },
      ],
    },
    { name: 'aria2c', absent: 'it is not installed', findings: [] },
  ];

  it('has a line for each thing tried and for each client that is absent', () => {
    expect(clientsLines(results)).to.deep.equal([
      '✓ curl: a path: 54 characters',
      '✗ curl: a range: The status is 200, not 206.',
      '– aria2c: absent: it is not installed',
    ]);
  });

  it('counts what failed; an absent client is neither', () => {
    expect(clientsJson(results)).to.deep.include({ ok: false, passed: 1, failed: 1 });
  });

  it('makes a failure a finding with its message', async () => {
    const failed = await finding('a range', () => Promise.reject(new RangeError('out of it')));
    expect(failed).to.deep.equal({ what: 'a range', ok: false, evidence: 'out of it' });
    expect(await finding('a path', async () => 'seen')).to.deep.equal({
      what: 'a path',
      ok: true,
      evidence: 'seen',
    });
  });
});
