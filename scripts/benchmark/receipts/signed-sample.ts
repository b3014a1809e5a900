import { bytesToHex, uintToBytes } from '../../../sdk/protocol/bytes.ts';
import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { encodeSignedGrant, grantDigest, grantHashOf, type Grant } from '../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  type Address,
} from '../../../sdk/protocol/identifiers.ts';
import { encodeSignedReceipt, receiptDigest, type Receipt } from '../../../sdk/protocol/receipt.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';

/** One deal of one publisher, a few viewers, and receipts under their grants, all signed with fixed keys. */
export interface SignedSample {
  readonly domain: Domain;
  readonly grantKey: Address;
  readonly pairs: readonly SignedPair[];
}

export interface SignedPair {
  readonly viewerPrivateKey: Uint8Array;
  readonly viewerKey: Address;
  readonly grant: Grant;
  readonly receipt: Receipt;
  /** As they arrive: the wire forms of the signed grant and the signed receipt. */
  readonly grantBytes: Uint8Array;
  readonly receiptBytes: Uint8Array;
}

/** Viewers that an edge has at a time; every grant and receipt is another one. */
const VIEWERS = 64;
const CAP_BYTES = 64n * 1024n * 1024n;
const GRANT_PRIVATE_KEY = uintToBytes(1n, 32);

/** @param count receipts, each under a grant of its own */
export function signedSample(secp256k1: Secp256k1, count: number): SignedSample {
  const domain: Domain = { chainId: 31_337n, verifyingContract: parseAddress(`0x${'b1'.repeat(20)}`) };
  const dealId = parseDealId(`0x${'d1'.repeat(32)}`);
  const contentRoot = parseContentRoot(`0x${'c1'.repeat(32)}`);
  const node = parseAddress(`0x${'a1'.repeat(20)}`);
  const viewers = Array.from({ length: VIEWERS }, (_, i) => uintToBytes(BigInt(i + 2), 32));
  const pairs = Array.from({ length: count }, (_, i): SignedPair => {
    const viewerPrivateKey = viewers[i % VIEWERS] ?? GRANT_PRIVATE_KEY;
    const viewerKey = secp256k1.addressOf(viewerPrivateKey);
    // Caps differ, so no two grants are the same.
    const capBytes = CAP_BYTES + BigInt(i);
    const grant: Grant = { dealId, node, viewerKey, epoch: parseEpoch(7), capBytes, contentRoot };
    const receipt: Receipt = {
      grantHash: grantHashOf(domain, grant),
      bytesCumulative: CAP_BYTES - BigInt(i),
    };
    const grantSignature = secp256k1.sign(grantDigest(domain, grant), GRANT_PRIVATE_KEY);
    const receiptSignature = secp256k1.sign(receiptDigest(domain, receipt), viewerPrivateKey);
    return {
      ...{ viewerPrivateKey, viewerKey, grant, receipt },
      grantBytes: encodeSignedGrant({ grant, signature: grantSignature }),
      receiptBytes: encodeSignedReceipt({ receipt, signature: receiptSignature }),
    };
  });
  return { domain, grantKey: secp256k1.addressOf(GRANT_PRIVATE_KEY), pairs };
}

/** A private key in the form that ethers takes. */
export function privateKeyHex(pair: SignedPair): string {
  return bytesToHex(pair.viewerPrivateKey);
}
