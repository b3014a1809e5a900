import { LRUCache } from 'lru-cache';

import { S3Fifo } from '../../../node/core/storage/s3-fifo.ts';
import type { Trace } from './traces.ts';

/** Requests at the beginning that fill the caches and are not counted. */
const WARM_UP_SHARE = 0.2;

/** A cache as a replay needs it: asked for each request, told what to hold when it had nothing. */
export interface ReplayedCache {
  /** Whether the object is held; counts as a request. */
  hit(key: string): boolean;
  admit(key: string, bytes: number): void;
  /** What is held now. */
  readonly bytes: number;
}

export interface ReplayFigures {
  /** Share of requests answered from the cache. */
  readonly hitRatio: number;
  /** Share of bytes. */
  readonly byteHitRatio: number;
  readonly nsPerAccess: number;
  readonly mostBytes: number;
}

/** The node's own order of eviction, with room made before something is added. */
export function s3FifoCache(capacityBytes: number): ReplayedCache {
  const order = new S3Fifo();
  return {
    hit: (key) => order.touch(key),
    admit: (key, bytes) => {
      if (bytes > capacityBytes) return;
      while (order.bytes + bytes > capacityBytes) order.evict();
      order.insert(key, bytes);
    },
    get bytes() {
      return order.bytes;
    },
  };
}

/** `lru-cache` of as many bytes. */
export function lruCache(capacityBytes: number): ReplayedCache {
  const cache = new LRUCache<string, number>({
    maxSize: capacityBytes,
    maxEntrySize: capacityBytes,
    sizeCalculation: (bytes) => bytes,
  });
  return {
    hit: (key) => cache.get(key) !== undefined,
    admit: (key, bytes) => void cache.set(key, bytes),
    get bytes() {
      return cache.calculatedSize;
    },
  };
}

/** Puts a trace through a cache. @param keys names of the objects, so that making them is not measured */
export function replay(cache: ReplayedCache, trace: Trace, keys: readonly string[]): ReplayFigures {
  const { requests, objectBytes } = trace;
  const counted = { requests: 0, hits: 0, bytes: 0, hitBytes: 0 };
  const countFrom = Math.floor(requests.length * WARM_UP_SHARE);
  let mostBytes = 0;
  const startedNs = process.hrtime.bigint();
  for (let at = 0; at < requests.length; at++) {
    const object = requests[at] ?? 0;
    const key = keys[object] ?? '';
    const bytes = objectBytes[object] ?? 0;
    const hit = cache.hit(key);
    if (!hit) {
      cache.admit(key, bytes);
      if (cache.bytes > mostBytes) mostBytes = cache.bytes;
    }
    if (at < countFrom) continue;
    counted.requests += 1;
    counted.bytes += bytes;
    if (!hit) continue;
    counted.hits += 1;
    counted.hitBytes += bytes;
  }
  const elapsedNs = Number(process.hrtime.bigint() - startedNs);
  return {
    hitRatio: counted.hits / counted.requests,
    byteHitRatio: counted.hitBytes / counted.bytes,
    nsPerAccess: elapsedNs / requests.length,
    mostBytes,
  };
}
