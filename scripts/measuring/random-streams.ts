/** Uniform in [0, 1). */
export type Random = () => number;

/**
 * Random numbers of one simulation: one stream for each purpose, derived from the seed and the purpose's name, so that
 * drawing more in one place changes nothing elsewhere. The same seed gives the same numbers on every machine.
 */
export class RandomStreams {
  readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** A fresh stream; the same purpose gives the same numbers again. */
  stream(purpose: string): Random {
    const words = [0, 1, 2, 3].map((lane) => hashText(purpose, this.seed ^ Math.imul(lane, 0x9e37_79b1)));
    return smallFastCounter(words);
  }

  /** Seed of a small stream, one of very many: see `countingRandom`. */
  seedOf(purpose: string, index: number): number {
    return mix(hashText(purpose, this.seed) ^ mix(index));
  }
}

/** One 32-bit counter, mixed: small enough for one generator in each of 10^5 nodes (SplitMix, 32 bits wide). */
export function countingRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e37_79b9) | 0;
    return mix(mix(state) ^ 0x5bf0_3635) / 0x1_0000_0000;
  };
}

/** Exponentially distributed with this mean. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** A whole number from 0 to `count - 1`. */
export function below(random: Random, count: number): number {
  return Math.floor(random() * count);
}

/** Chris Doty-Humphrey's sfc32 (PractRand): 128 bits of state, passes its tests, needs no 64-bit arithmetic. */
function smallFastCounter(words: readonly number[]): Random {
  let [a = 0, b = 0, c = 0, counter = 1] = words;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return () => next() / 0x1_0000_0000;
}

function hashText(text: string, seed: number): number {
  let hash = mix(seed ^ 0x2545_f491);
  for (let i = 0; i < text.length; i++) hash = mix(hash ^ text.charCodeAt(i));
  return hash;
}

/** Finaliser of a 32-bit integer hash: every input bit reaches every output bit. */
export function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb_352d);
  h = Math.imul(h ^ (h >>> 15), 0x846c_a68b);
  return (h ^ (h >>> 16)) >>> 0;
}
