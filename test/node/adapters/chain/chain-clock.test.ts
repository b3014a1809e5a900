import { expect } from 'chai';
import { ChainClock } from '../../../../node/adapters/chain/chain-clock.ts';

describe('chain clock', () => {
  let wallMs = 1_000_000;
  const clock = { nowMs: () => wallMs };
  beforeEach(() => {
    wallMs = 1_000_000;
  });

  it('runs ahead with a development chain and goes on with the wall clock in between', () => {
    const chain = new ChainClock({ clock }, { chainId: 31_337n });
    expect(chain.nowMs()).to.equal(1_000_000);
    chain.observe({ block: 1, timestampSeconds: 1_500 });
    expect(chain.nowMs()).to.equal(1_500_000);
    wallMs += 700;
    chain.observe({ block: 1, timestampSeconds: 1_500 });
    expect(chain.nowMs()).to.equal(1_500_700);
    expect(chain.leadMs).to.equal(500_000);
  });

  it('is never behind the wall clock', () => {
    const chain = new ChainClock({ clock }, { chainId: 1n });
    chain.observe({ block: 1, timestampSeconds: 900 });
    expect(chain.nowMs()).to.equal(1_000_000);
  });

  it('does not believe a real chain that is minutes ahead', () => {
    const chain = new ChainClock({ clock }, { chainId: 1n });
    chain.observe({ block: 1, timestampSeconds: 1_060 });
    expect(chain.leadMs).to.equal(60_000);
    chain.observe({ block: 2, timestampSeconds: 1_500 });
    expect(chain.leadMs).to.equal(0);
  });
});
