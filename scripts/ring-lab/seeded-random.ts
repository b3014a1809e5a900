/** Uniform in [0, 1), the same for the same seed and name on every machine. */
export type SeededRandom = () => number;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const RANGE = 0x1_0000_0000;

/**
 * A generator (mulberry32) of its own for everything that has a name, so that what one link draws does not shift what
 * another draws.
 * @param name for example `link 12D3… → 12D3…`
 */
export function seededRandom(seed: number, name: string): SeededRandom {
  let state = (hash(name) ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / RANGE;
  };
}

function hash(text: string): number {
  let value = FNV_OFFSET;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), FNV_PRIME);
  return value >>> 0;
}
