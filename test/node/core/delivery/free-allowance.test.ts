import { expect } from 'chai';

import { FreeAllowance } from '../../../../node/core/delivery/free-allowance.ts';
import { errorOf, valueOf } from './ledger-fixture.ts';

describe('FreeAllowance', () => {
  it('gives each address so many bytes a minute and refuses more with the numbers', () => {
    const free = new FreeAllowance({ bytesPerMinute: 6000 });
    valueOf(free.take('a', 5000, 0));
    const error = errorOf(free.take('a', 1001, 0));
    expect(error.code).to.equal('FREE_ALLOWANCE_EXHAUSTED');
    expect(error.values).to.deep.equal({ requestedBytes: 1001, availableBytes: 1000, bytesPerMinute: 6000 });
    expect(free.take('b', 6000, 0).ok).to.equal(true);
  });

  it('fills evenly and never above a minute', () => {
    const free = new FreeAllowance({ bytesPerMinute: 6000 });
    valueOf(free.take('a', 6000, 0));
    expect(free.take('a', 3001, 30_000).ok).to.equal(false);
    expect(free.take('a', 3000, 30_000).ok).to.equal(true);
    expect(free.take('a', 6001, 10_000_000).ok).to.equal(false);
  });

  it('takes back what was not sent, once', () => {
    const free = new FreeAllowance({ bytesPerMinute: 6000 });
    const taken = valueOf(free.take('a', 6000, 0));
    taken.giveBack(2000);
    taken.giveBack(2000);
    expect(free.take('a', 2001, 0).ok).to.equal(false);
    expect(free.take('a', 2000, 0).ok).to.equal(true);
  });

  it('is not turned back by a clock that goes backwards', () => {
    const free = new FreeAllowance({ bytesPerMinute: 6000 });
    valueOf(free.take('a', 6000, 60_000));
    expect(free.take('a', 1, 0).ok).to.equal(false);
  });

  it('remembers a bounded number of addresses, the latest ones', () => {
    const free = new FreeAllowance({ bytesPerMinute: 10, maxClients: 2 });
    for (const client of ['a', 'b', 'a', 'c']) free.take(client, 4, 0);
    expect(free.clients).to.equal(2);
    expect(free.take('a', 3, 0).ok).to.equal(false);
  });

  it('can be without limit, for a gateway that serves its own user', () => {
    const free = new FreeAllowance({ bytesPerMinute: Infinity });
    expect(free.take('a', Number.MAX_SAFE_INTEGER, 0).ok).to.equal(true);
    expect(free.clients).to.equal(0);
  });
});
