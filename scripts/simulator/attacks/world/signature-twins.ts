import { concatBytes, readUint, uintToBytes } from '../../../../sdk/protocol/bytes.ts';
import { splitCompact } from '../../../../sdk/protocol/signature.ts';

const SECP256K1_ORDER = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n;
/** The first v of Ethereum: 27 for an even y, 28 for an odd one. */
const FIRST_V = 27;

/** A signature (r, s, parity) in its other shapes. */
export interface SignatureTwins {
  /** The other parity. */
  readonly flipped: Uint8Array;
  /** (r, n − s) with the other parity, which is as valid an ECDSA signature, pressed into the compact form. */
  readonly highS: Uint8Array;
  /** The twin in 65 bytes, r ‖ n − s ‖ v, where it fits. */
  readonly highSWithV: Uint8Array;
  /** The signature itself in 65 bytes with v of 0 or 1 in place of 27 or 28. */
  readonly lowV: Uint8Array;
}

/** What anybody can make of a compact signature without the key. */
export function twinsOf(compact: Uint8Array): SignatureTwins {
  const { rs, recoveryId } = splitCompact(compact);
  const [r, s] = [rs.subarray(0, 32), rs.subarray(32)];
  const twinS = uintToBytes(SECP256K1_ORDER - readUint(s), 32);
  const otherParity = 1 - recoveryId;
  const withParity = (half: Uint8Array): Uint8Array => {
    const copy = Uint8Array.from(half);
    copy[0] = ((copy[0] ?? 0) & 0x7f) | (otherParity << 7);
    return concatBytes(r, copy);
  };
  return {
    flipped: withParity(s),
    highS: withParity(twinS),
    highSWithV: concatBytes(r, twinS, Uint8Array.of(FIRST_V + otherParity)),
    lowV: concatBytes(rs, Uint8Array.of(recoveryId)),
  };
}
