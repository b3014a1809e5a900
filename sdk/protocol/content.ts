import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';

import { bytesToHex, equalBytes, hexToBytes } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { parseContentRoot, type ContentRoot } from './identifiers.ts';
import { MAX_BLOCK_BYTES, MAX_CID_TEXT_LENGTH } from './limits.ts';

/** multicodec: a leaf that is bytes and nothing else. */
export const RAW_CODEC = 0x55;
/** multicodec: a UnixFS node. */
export const DAG_PB_CODEC = 0x70;
/** multihash code of the only hash that bcdn serves. */
export const SHA2_256 = 0x12;
const SHA2_256_BYTES = 32;

/** One-shot SHA-256; synchronous where the platform has it, a promise where it does not (WebCrypto). */
export type Sha256 = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/**
 * A CID that bcdn can serve: version 1 or 0, sha2-256, raw or dag-pb.
 * @throws ProtocolError CID_INVALID for text that is no CID, CID_UNSUPPORTED for one of another kind
 */
export function parseCid(text: string): CID {
  if (text.length > MAX_CID_TEXT_LENGTH) {
    throw new ProtocolError('CID_INVALID', `A CID has at most ${MAX_CID_TEXT_LENGTH} characters.`, {
      length: text.length,
    });
  }
  let cid: CID;
  try {
    cid = CID.parse(text);
  } catch {
    throw new ProtocolError('CID_INVALID', 'This is not a CID.', { length: text.length });
  }
  return requireSupported(cid);
}

/** @throws ProtocolError CID_UNSUPPORTED */
export function requireSupported(cid: CID): CID {
  const { code: hash, digest } = cid.multihash;
  if (
    (cid.code !== RAW_CODEC && cid.code !== DAG_PB_CODEC) ||
    hash !== SHA2_256 ||
    digest.length !== SHA2_256_BYTES
  ) {
    throw new ProtocolError('CID_UNSUPPORTED', 'Only raw and dag-pb blocks named by sha2-256 are served.', {
      codec: cid.code,
      hash,
    });
  }
  return cid;
}

/** The 32 bytes that stand for a content on chain and on the ring. @throws ProtocolError CID_UNSUPPORTED */
export function contentRootOf(cid: CID): ContentRoot {
  return parseContentRoot(bytesToHex(requireSupported(cid).multihash.digest));
}

/** The root CID (version 1) of a content whose codec is known. @throws ProtocolError CID_UNSUPPORTED */
export function cidOfContentRoot(root: ContentRoot, codec: number): CID {
  return requireSupported(CID.createV1(codec, createDigest(SHA2_256, hexToBytes(root, SHA2_256_BYTES))));
}

/** Key of a content on the ring: its root digest, uniform because it is a hash. */
export function ringKeyOf(root: ContentRoot): Uint8Array {
  return hexToBytes(root, SHA2_256_BYTES);
}

/** @throws ProtocolError BLOCK_TOO_LARGE */
export function requireBlockSize(length: number): void {
  if (length > MAX_BLOCK_BYTES) {
    throw new ProtocolError(
      'BLOCK_TOO_LARGE',
      `A block has at most ${MAX_BLOCK_BYTES} bytes, got ${length}.`,
      {
        length,
        max: MAX_BLOCK_BYTES,
      },
    );
  }
}

/**
 * Checks that the bytes are the block that the CID names. Nothing unverified is stored, forwarded,
 * counted or played (DELIVERY.md).
 * @throws ProtocolError BLOCK_TOO_LARGE, BLOCK_HASH_MISMATCH
 */
export async function verifyBlock(cid: CID, bytes: Uint8Array, sha256: Sha256): Promise<void> {
  requireBlockSize(bytes.length);
  const hashed = sha256(bytes);
  const actual = hashed instanceof Uint8Array ? hashed : await hashed;
  if (!equalBytes(actual, cid.multihash.digest)) {
    throw new ProtocolError('BLOCK_HASH_MISMATCH', `The bytes are not those of ${cid.toString()}.`, {
      cid: cid.toString(),
      expected: bytesToHex(cid.multihash.digest),
      actual: bytesToHex(actual),
      length: bytes.length,
    });
  }
}
