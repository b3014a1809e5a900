import type { CID } from 'multiformats/cid';

/** Bytes of a digest that tell it from others: a second block with the same ones costs 2⁶⁴ hashes to make. */
const WORDS = 4;
const SMALLEST_SLOTS = 64;

/** A set of SHA-256 digests that takes 32 bytes for each at most: a hash table with open addressing. */
export class DigestSet {
  #table = new Uint32Array(SMALLEST_SLOTS * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(cid: CID): boolean {
    const words = wordsOf(cid);
    return this.#table[this.#slotOf(words)] !== 0;
  }

  /** @returns whether it was not in the set before */
  add(cid: CID): boolean {
    const words = wordsOf(cid);
    const slot = this.#slotOf(words);
    if (this.#table[slot] !== 0) return false;
    this.#table.set(words, slot);
    this.#size += 1;
    if (this.#size * 2 * WORDS > this.#table.length) this.#grow();
    return true;
  }

  /** Index of the first word of the digest, or of the empty slot where it belongs. */
  #slotOf(words: Uint32Array): number {
    const table = this.#table;
    const slots = table.length / WORDS;
    for (let slot = (words[0] ?? 0) % slots; ; slot = (slot + 1) % slots) {
      const at = slot * WORDS;
      if (table[at] === 0) return at;
      if (words.every((word, i) => table[at + i] === word)) return at;
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at] === 0) continue;
      const words = old.subarray(at, at + WORDS);
      this.#table.set(words, this.#slotOf(words));
    }
  }
}

function wordsOf(cid: CID): Uint32Array {
  const { digest } = cid.multihash;
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  const words = new Uint32Array(WORDS);
  for (let i = 0; i < WORDS; i++) words[i] = view.getUint32(4 * i);
  // Zero marks an empty slot.
  words[0] ||= 1;
  return words;
}
