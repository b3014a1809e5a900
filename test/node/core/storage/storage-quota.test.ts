import { expect } from 'chai';
import fc from 'fast-check';

import { StorageError } from '../../../../node/core/storage/storage-error.ts';
import { chargedBytes, StorageQuota } from '../../../../node/core/storage/storage-quota.ts';

function refusalOf(action: () => unknown): StorageError {
  try {
    action();
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new RangeError('expected a refusal');
}

describe('StorageQuota', () => {
  it('reserves before a write and refuses with what is needed and what is free', () => {
    const quota = new StorageQuota({ limitBytes: 10_000, usedBytes: 2_000 });
    quota.reserve(5_000);
    const error = refusalOf(() => quota.reserve(3_001));
    expect(error.code).to.equal('QUOTA_EXCEEDED');
    expect(error.values).to.deep.equal({ needBytes: 3_001, freeBytes: 3_000, limitBytes: 10_000 });
    expect(error.remedy).to.contain('quota');
    expect(quota.freeBytes).to.equal(3_000);
  });

  it('counts a reservation once, whatever is called after', () => {
    const quota = new StorageQuota({ limitBytes: 10_000 });
    const reservation = quota.reserve(4_000);
    reservation.commit();
    reservation.release();
    reservation.commit();
    expect([quota.usedBytes, quota.reservedBytes, quota.freeBytes]).to.deep.equal([4_000, 0, 6_000]);
  });

  it('charges whole blocks of the file system', () => {
    expect([0, 1, 4096, 4097].map(chargedBytes)).to.deep.equal([0, 4096, 4096, 8192]);
  });

  it('never holds more than its limit, in any order of reservations', () => {
    const step = fc.record({
      bytes: fc.nat(4_000),
      how: fc.constantFrom('commit', 'release', 'keep', 'free'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const quota = new StorageQuota({ limitBytes: 10_000 });
        let used = 0;
        for (const { bytes, how } of steps) {
          if (how === 'free') {
            const freed = Math.min(bytes, used);
            quota.free(freed);
            used -= freed;
            continue;
          }
          if (bytes > quota.freeBytes) {
            expect(refusalOf(() => quota.reserve(bytes)).code).to.equal('QUOTA_EXCEEDED');
            continue;
          }
          const reservation = quota.reserve(bytes);
          if (how === 'commit') reservation.commit();
          if (how === 'release') reservation.release();
          used += how === 'commit' ? bytes : 0;
          expect(quota.usedBytes).to.equal(used);
          expect(quota.usedBytes + quota.reservedBytes + quota.freeBytes).to.equal(10_000);
        }
      }),
    );
  });
});
