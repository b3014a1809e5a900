import { BitWriter } from './bit-writer.ts';

/** Size in pixels, whole macroblocks, and pictures a second. */
export const PICTURE = { width: 320, height: 192, perSecond: 12 } as const;

const MACROBLOCK = 16;
const COLUMNS = PICTURE.width / MACROBLOCK;
const ROWS = PICTURE.height / MACROBLOCK;

/** Kinds of NAL units with their importance: a picture that needs no other, and the two sets of parameters. */
const IDR = 0x65;
const SEQUENCE = 0x67;
const PICTURES = 0x68;
/** Constrained baseline at level 4. */
const PROFILE = [66, 0xc0, 40] as const;
/** Of a macroblock that is not compressed, among those of an I picture. */
const I_PCM = 25;
const I_SLICES_ONLY = 7;
/** Smallest sample, so that no start code can come about inside a picture. */
const BLACK = 16;

/** What every picture of the film has in common (ITU-T H.264, 7.3.2.1). */
export function sequenceParameters(): Uint8Array {
  const bits = new BitWriter([SEQUENCE, ...PROFILE]);
  bits.golomb(0); // number of these parameters
  bits.golomb(0); // frame numbers of 4 bits
  bits.golomb(2); // pictures are shown in the order they come
  bits.golomb(0); // none refers to another
  bits.bits(0, 1);
  bits.golomb(COLUMNS - 1);
  bits.golomb(ROWS - 1);
  bits.bits(0b1100, 4); // whole frames, direct inference, no cropping, nothing about use
  return bits.ended();
}

/** How each picture is written (7.3.2.2). */
export function pictureParameters(): Uint8Array {
  const bits = new BitWriter([PICTURES]);
  bits.golomb(0);
  bits.golomb(0);
  bits.bits(0b00, 2); // no arithmetic coding, no order in the slice
  bits.golomb(0); // one group of slices
  bits.golomb(0);
  bits.golomb(0);
  bits.bits(0, 3); // no weights
  bits.golomb(0); // quantisers: nothing is quantised
  bits.golomb(0);
  bits.golomb(0);
  bits.bits(0b100, 3); // the slice says that nothing is smoothed
  return bits.ended();
}

/** A picture of the film as one NAL unit (7.3.3, 7.3.5). */
export function pictureOf(index: number): Uint8Array {
  const bits = new BitWriter([IDR]);
  bits.golomb(0);
  bits.golomb(I_SLICES_ONLY);
  bits.golomb(0);
  bits.bits(0, 4);
  bits.golomb(index % 2); // neighbours differ
  bits.bits(0b00, 2);
  bits.golomb(0);
  bits.golomb(1); // no smoothing
  const random = noiseOf(index);
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      bits.golomb(I_PCM);
      bits.align();
      bits.samples(macroblock({ index, left: column * MACROBLOCK, top: row * MACROBLOCK, random }));
    }
  }
  return bits.ended();
}

interface MacroblockPlace {
  readonly index: number;
  readonly left: number;
  readonly top: number;
  readonly random: () => number;
}

/** Brightness of 16 × 16 samples, then both colours of 8 × 8. */
function macroblock({ index, left, top, random }: MacroblockPlace): Uint8Array {
  const samples = new Uint8Array(384);
  for (let at = 0; at < 256; at++) {
    const light = waveAt(left + (at % 16), top + Math.floor(at / 16), index);
    samples[at] = BLACK + Math.floor(light * 190) + (random() & 15);
  }
  for (let at = 0; at < 64; at++) {
    const x = left + (at % 8) * 2;
    const y = top + Math.floor(at / 8) * 2;
    samples[256 + at] = 128 + Math.round(60 * Math.sin(index / 40 + x / 90));
    samples[320 + at] = 128 + Math.round(60 * Math.cos(index / 55 + y / 70));
  }
  return samples;
}

/** Rings that run outwards from a centre that wanders, and a bright dot. @returns 0 to 1 */
function waveAt(x: number, y: number, index: number): number {
  const turn = index / 48;
  const dx = x - PICTURE.width * (0.5 + 0.25 * Math.cos(turn));
  const dy = y - PICTURE.height * (0.5 + 0.25 * Math.sin(turn * 1.3));
  const distance = Math.sqrt(dx * dx + dy * dy);
  return distance < 10 ? 1 : 0.5 + 0.5 * Math.sin(distance / 9 - index / 5);
}

/** Grain, so that no two pictures share a block: xorshift, seeded by the picture. */
function noiseOf(index: number): () => number {
  let state = (index + 1) * 2_654_435_761;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
