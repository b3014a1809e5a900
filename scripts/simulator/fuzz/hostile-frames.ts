import { concatBytes } from '../../../sdk/protocol/bytes.ts';
import { MAX_MESSAGE_BYTES } from '../../../node/core/one-hop-ring/limits.ts';
import { below } from '../../measuring/random-streams.ts';
import type { AttackMaker } from './attack.ts';
import type { Forger } from './forger.ts';
import type { RecordedFrame } from './fuzzed-ring.ts';
import { randomBytes } from './signature-scheme.ts';

const MAX_FLIPPED_BITS = 8;
/** A long frame now and then; mostly short ones, which reach more of the decoder in the same time. */
const LONG_FRAME_SHARE = 0.01;

function recorded(forger: Forger): RecordedFrame {
  return forger.pickFrom(forger.ring.recorded);
}

function copyOf(forger: Forger): Uint8Array<ArrayBuffer> {
  return new Uint8Array(recorded(forger).bytes);
}

/** Bytes that no encoder made. */
export const FRAME_ATTACKS = {
  'random-bytes': (forger) => {
    const { random } = forger;
    const most = random() < LONG_FRAME_SHARE ? MAX_MESSAGE_BYTES + 16 : 200;
    const bytes = randomBytes(below(random, most), random);
    // Half of them begin with a code that exists.
    if (bytes.length > 0 && random() < 0.5) bytes[0] = 1 + below(random, 24);
    return { from: forger.hostile().signer.publicKey, bytes };
  },
  'bit-flips': (forger) => {
    const bytes = copyOf(forger);
    for (let flips = 1 + below(forger.random, MAX_FLIPPED_BITS); flips > 0; flips--) {
      const at = below(forger.random, bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(forger.random, 8));
    }
    return { from: forger.hostile().signer.publicKey, bytes };
  },
  truncated: (forger) => {
    const bytes = copyOf(forger);
    return {
      from: forger.hostile().signer.publicKey,
      bytes: bytes.slice(0, below(forger.random, bytes.length)),
    };
  },
  extended: (forger) => {
    const surplus = randomBytes(1 + below(forger.random, 64), forger.random);
    return { from: forger.hostile().signer.publicKey, bytes: concatBytes(copyOf(forger), surplus) };
  },
  spliced: (forger) => {
    const [head, tail] = [copyOf(forger), copyOf(forger)];
    const cut = below(forger.random, Math.min(head.length, tail.length));
    return {
      from: forger.hostile().signer.publicKey,
      bytes: concatBytes(head.slice(0, cut), tail.slice(cut)),
    };
  },
  /** Counts and lengths blown up wherever they may be. */
  'oversized-counts': (forger) => {
    const bytes = copyOf(forger);
    const at = Math.min(5, bytes.length - 1) + below(forger.random, Math.max(1, bytes.length - 6));
    bytes[at] = 0xff;
    if (at + 1 < bytes.length && forger.random() < 0.5) bytes[at + 1] = 0xff;
    return { from: forger.hostile().signer.publicKey, bytes };
  },
  /** Whole frames of others, sent again by the adversary. */
  'replayed-frame': (forger) => ({ from: forger.hostile().signer.publicKey, bytes: recorded(forger).bytes }),
  /** Whole frames that come again over the connection that first brought them. */
  'replayed-by-sender': (forger) => {
    const { from, bytes } = recorded(forger);
    return { from, bytes };
  },
} satisfies Record<string, AttackMaker>;
