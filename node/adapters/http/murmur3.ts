const MASK = (1n << 64n) - 1n;
const C1 = 0x87c3_7b91_1142_53d5n;
const C2 = 0x4cf5_ad43_2745_937fn;
const BLOCK_BYTES = 16;
const WORD_BYTES = 8;

/**
 * First 64 bits of MurmurHash3 (x64, 128 bits, seed 0), the most significant first: by these a sharded directory of
 * UnixFS places its names.
 */
export function murmur3(bytes: Uint8Array): bigint {
  let h1 = 0n;
  let h2 = 0n;
  const tail = bytes.length - (bytes.length % BLOCK_BYTES);
  for (let at = 0; at < tail; at += BLOCK_BYTES) {
    h1 ^= mixedFirst(wordAt(bytes, at));
    h1 = (rotated(h1, 27n) + h2) & MASK;
    h1 = (h1 * 5n + 0x52dc_e729n) & MASK;
    h2 ^= mixedSecond(wordAt(bytes, at + WORD_BYTES));
    h2 = (rotated(h2, 31n) + h1) & MASK;
    h2 = (h2 * 5n + 0x3849_5ab5n) & MASK;
  }
  h2 ^= mixedSecond(wordAt(bytes, tail + WORD_BYTES));
  h1 ^= mixedFirst(wordAt(bytes, tail));
  const length = BigInt(bytes.length);
  h1 = ((h1 ^ length) + (h2 ^ length)) & MASK;
  h2 = ((h2 ^ length) + h1) & MASK;
  return (final(h1) + final(h2)) & MASK;
}

/** Eight bytes, the least significant first; beyond the end there are zeros. */
function wordAt(bytes: Uint8Array, at: number): bigint {
  let word = 0n;
  for (let i = WORD_BYTES - 1; i >= 0; i--) word = (word << 8n) | BigInt(bytes[at + i] ?? 0);
  return word;
}

function mixedFirst(word: bigint): bigint {
  return (rotated((word * C1) & MASK, 31n) * C2) & MASK;
}

function mixedSecond(word: bigint): bigint {
  return (rotated((word * C2) & MASK, 33n) * C1) & MASK;
}

function rotated(word: bigint, bits: bigint): bigint {
  return ((word << bits) | (word >> (64n - bits))) & MASK;
}

function final(word: bigint): bigint {
  let mixed = word;
  mixed = ((mixed ^ (mixed >> 33n)) * 0xff51_afd7_ed55_8ccdn) & MASK;
  mixed = ((mixed ^ (mixed >> 33n)) * 0xc4ce_b9fe_1a85_ec53n) & MASK;
  return mixed ^ (mixed >> 33n);
}
