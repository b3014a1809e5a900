import { MEMBER_STATES, type MemberState } from './membership-event.ts';

/** Words of 32 bits a slot: incarnation; state and load; delay. */
const WORDS = 3;
const STATE_AND_LOAD = 1;
const DELAY = 2;
const STATE_BITS = 8;
const STATE_MASK = 0xff;

/** What the table knows about each slot beside its position: 12 bytes that lie together, so that reading them touches memory once. */
export class SlotValues {
  #words: Uint32Array;
  #floats: Float32Array;

  constructor(capacity: number) {
    this.#words = new Uint32Array(capacity * WORDS);
    this.#floats = new Float32Array(this.#words.buffer);
  }

  get byteLength(): number {
    return this.#words.byteLength;
  }

  resize(capacity: number): void {
    const words = new Uint32Array(capacity * WORDS);
    words.set(this.#words.subarray(0, words.length));
    this.#words = words;
    this.#floats = new Float32Array(words.buffer);
  }

  incarnationOf(slot: number): number {
    return this.#words[slot * WORDS] ?? 0;
  }

  stateOf(slot: number): MemberState {
    return MEMBER_STATES[(this.#words[slot * WORDS + STATE_AND_LOAD] ?? 0) & STATE_MASK] ?? 'alive';
  }

  loadOf(slot: number): number {
    return (this.#words[slot * WORDS + STATE_AND_LOAD] ?? 0) >>> STATE_BITS;
  }

  delayMsOf(slot: number): number {
    return this.#floats[slot * WORDS + DELAY] ?? Number.NaN;
  }

  setClaim(slot: number, incarnation: number, state: MemberState): void {
    this.#words[slot * WORDS] = incarnation;
    this.#words[slot * WORDS + STATE_AND_LOAD] =
      MEMBER_STATES.indexOf(state) | (this.loadOf(slot) << STATE_BITS);
  }

  setLoad(slot: number, load: number): void {
    const word = this.#words[slot * WORDS + STATE_AND_LOAD] ?? 0;
    this.#words[slot * WORDS + STATE_AND_LOAD] = (word & STATE_MASK) | (load << STATE_BITS);
  }

  setDelayMs(slot: number, delayMs: number): void {
    this.#floats[slot * WORDS + DELAY] = delayMs;
  }
}
