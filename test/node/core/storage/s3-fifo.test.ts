import { expect } from 'chai';
import fc from 'fast-check';

import { S3Fifo } from '../../../../node/core/storage/s3-fifo.ts';

/** Repeatable numbers in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Requests for `objects` names whose popularity follows Zipf's law. */
function zipfTrace(options: { objects: number; requests: number; exponent: number; seed: number }): number[] {
  const cumulative: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= options.objects; rank++) cumulative.push((sum += rank ** -options.exponent));
  const random = randomFrom(options.seed);
  return Array.from({ length: options.requests }, () => {
    const target = random() * sum;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) < target) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

function hitsOfS3Fifo(trace: readonly number[], capacity: number): number {
  const cache = new S3Fifo();
  let hits = 0;
  for (const object of trace) {
    const key = String(object);
    if (cache.has(key)) {
      hits += 1;
      cache.touch(key);
      continue;
    }
    while (cache.bytes >= capacity) cache.evict();
    cache.insert(key, 1);
  }
  return hits;
}

function hitsOfLru(trace: readonly number[], capacity: number): number {
  const cache = new Set<number>();
  let hits = 0;
  for (const object of trace) {
    if (cache.delete(object)) hits += 1;
    else if (cache.size >= capacity) {
      for (const oldest of cache) {
        cache.delete(oldest);
        break;
      }
    }
    cache.add(object);
  }
  return hits;
}

describe('S3Fifo', () => {
  it('evicts what was asked for once before what is asked for often', () => {
    const cache = new S3Fifo();
    for (const key of ['a', 'b', 'c']) cache.insert(key, 1);
    cache.touch('a');
    cache.touch('a');
    expect([cache.evict(), cache.evict(), cache.evict(), cache.evict()]).to.deep.equal([
      'b',
      'c',
      'a',
      undefined,
    ]);
  });

  it('lets a block that comes back soon skip the small queue', () => {
    const cache = new S3Fifo();
    cache.insert('a', 1);
    cache.insert('b', 1);
    expect(cache.evict()).to.equal('a');
    cache.insert('a', 1);
    cache.insert('c', 1);
    expect([cache.evict(), cache.evict(), cache.evict()]).to.deep.equal(['b', 'c', 'a']);
  });

  it('hits more often than LRU of equal size on Zipf traces', () => {
    for (const { exponent, seed } of [
      { exponent: 0.8, seed: 1 },
      { exponent: 1, seed: 2 },
      { exponent: 1.2, seed: 3 },
    ]) {
      const trace = zipfTrace({ objects: 10_000, requests: 100_000, exponent, seed });
      expect(hitsOfS3Fifo(trace, 500)).to.be.greaterThan(hitsOfLru(trace, 500));
    }
  });

  it('accounts for every byte under any sequence', () => {
    const step = fc.record({
      kind: fc.constantFrom('insert', 'touch', 'remove', 'evict'),
      key: fc.integer({ min: 0, max: 20 }).map(String),
      bytes: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = new S3Fifo();
        const model = new Map<string, number>();
        for (const { kind, key, bytes } of steps) {
          if (kind === 'insert') {
            cache.insert(key, bytes);
            if (!model.has(key)) model.set(key, bytes);
          } else if (kind === 'touch') cache.touch(key);
          else if (kind === 'remove') {
            cache.remove(key);
            model.delete(key);
          } else {
            const victim = cache.evict();
            expect(victim === undefined).to.equal(model.size === 0);
            if (victim !== undefined) expect(model.delete(victim)).to.equal(true);
          }
          expect(cache.size).to.equal(model.size);
          expect(cache.bytes).to.equal([...model.values()].reduce((a, b) => a + b, 0));
        }
      }),
    );
  });
});
