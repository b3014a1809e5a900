import { expect } from 'chai';

import { lruCache, replay, s3FifoCache } from '../../../../scripts/benchmark/cache/replay.ts';
import { DISTURBANCES, makeTrace } from '../../../../scripts/benchmark/cache/traces.ts';

const SMALL = { objects: 2_000, requests: 60_000, alpha: 0.9, seed: 7 };

describe('npm run bench -- cache', () => {
  for (const disturbance of DISTURBANCES) {
    it(`finds the node's eviction better than LRU of as many bytes (disturbance: ${disturbance})`, () => {
      const trace = makeTrace({ ...SMALL, disturbance });
      const keys = Array.from(trace.objectBytes, (_, object) => String(object));
      for (const share of [0.01, 0.05, 0.1]) {
        const capacityBytes = Math.floor(trace.catalogueBytes * share);
        const own = replay(s3FifoCache(capacityBytes), trace, keys);
        const lru = replay(lruCache(capacityBytes), trace, keys);
        expect(own.hitRatio).to.be.greaterThan(lru.hitRatio);
        expect(own.byteHitRatio).to.be.greaterThan(lru.byteHitRatio);
        expect(own.mostBytes).to.be.at.most(capacityBytes);
        expect(lru.mostBytes).to.be.at.most(capacityBytes);
      }
    });
  }

  it('makes the same trace of the same seed', () => {
    const options = { ...SMALL, disturbance: 'shift' } as const;
    expect(makeTrace(options)).to.deep.equal(makeTrace(options));
    expect(makeTrace({ ...options, seed: 8 }).requests).to.not.deep.equal(makeTrace(options).requests);
  });

  it('asks for popular objects in proportion to their rank', () => {
    const { requests } = makeTrace({ ...SMALL, alpha: 1, disturbance: 'none' });
    const counts = new Map<number, number>();
    for (const object of requests) counts.set(object, (counts.get(object) ?? 0) + 1);
    const [first = 0, second = 0, , fourth = 0] = [...counts.values()].sort((a, b) => b - a);
    expect(first / second).to.be.within(1.8, 2.2);
    expect(first / fourth).to.be.within(3.5, 4.5);
  });
});
