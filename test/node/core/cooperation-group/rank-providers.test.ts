import { expect } from 'chai';
import fc from 'fast-check';

import {
  rankProviders,
  type ProviderStanding,
} from '../../../../node/core/cooperation-group/rank-providers.ts';

interface Server extends ProviderStanding {
  readonly name: string;
}

const asker = { region: 'eu-west' };
const server = (name: string, standing: Partial<ProviderStanding> = {}): Server => ({
  name,
  region: 'eu-west',
  load: 0,
  delayMs: undefined,
  ...standing,
});
const rank = (...servers: Server[]): string[] =>
  rankProviders(servers, asker, (each) => each).map((each) => each.name);

describe('choice of servers in the cooperation group', () => {
  it('prefers the own region to everything else', () => {
    expect(
      rank(server('far', { region: 'us-east', delayMs: 1 }), server('near', { load: 250, delayMs: 90 })),
    ).to.deep.equal(['near', 'far']);
  });

  it('prefers the less loaded of one region', () => {
    expect(rank(server('busy', { load: 200 }), server('idle', { load: 10 }))).to.deep.equal(['idle', 'busy']);
  });

  it('prefers the nearer of two with about the same load', () => {
    expect(
      rank(server('slow', { load: 1, delayMs: 80 }), server('fast', { load: 20, delayMs: 8 })),
    ).to.deep.equal(['fast', 'slow']);
  });

  it('puts unknown load between idle and full, unmeasured delay last', () => {
    expect(
      rank(server('full', { load: 254 }), server('unknown', { load: 255 }), server('idle')),
    ).to.deep.equal(['idle', 'unknown', 'full']);
    expect(rank(server('unmeasured'), server('measured', { delayMs: 500 }))).to.deep.equal([
      'measured',
      'unmeasured',
    ]);
  });

  it('keeps every provider once, and the order of equals', () => {
    const standing = fc.record({
      region: fc.constantFrom('eu-west', 'us-east'),
      load: fc.nat(255),
      delayMs: fc.option(fc.nat(500), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(standing), (standings) => {
        const servers = standings.map((each, i) => ({ ...each, name: `${i}` }));
        expect(rank(...servers).sort()).to.deep.equal(servers.map((each) => each.name).sort());
      }),
    );
    expect(rank(server('a'), server('b'), server('c'))).to.deep.equal(['a', 'b', 'c']);
  });
});
