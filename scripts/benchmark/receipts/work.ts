import { SigningKey, TypedDataEncoder, verifyTypedData } from 'ethers';
import secp256k1 from 'secp256k1';

import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { decodeSignedGrant, GRANT_TYPE, grantDigest, grantHashOf } from '../../../sdk/protocol/grant.ts';
import { decodeSignedReceipt, RECEIPT_TYPE, receiptDigest } from '../../../sdk/protocol/receipt.ts';
import { splitCompact, type Secp256k1 } from '../../../sdk/protocol/signature.ts';
import { BenchError } from '../bench-error.ts';
import { privateKeyHex, type SignedPair, type SignedSample } from './signed-sample.ts';

/** Something done with one receipt of the sample. @throws BenchError when a signature is not what it should be */
export type Work = (pair: SignedPair) => void;

/**
 * What an edge does with each receipt under a grant that it knows: decode, hash, recover the signer, compare it with
 * the viewer of the grant, compare the bytes with the cap.
 */
export function verifyReceipt(implementation: Secp256k1, { domain }: SignedSample): Work {
  return ({ grant, receiptBytes }) => {
    const { receipt, signature } = decodeSignedReceipt(receiptBytes);
    const signer = implementation.recover(receiptDigest(domain, receipt), signature);
    require(signer === grant.viewerKey && receipt.bytesCumulative <= grant.capBytes);
  };
}

/** What an audit does with each receipt: the same, and decode, hash and recover the grant, which nobody saw before. */
export function verifyPair(implementation: Secp256k1, { domain, grantKey }: SignedSample): Work {
  return ({ grantBytes, receiptBytes }) => {
    const { grant, signature: grantSignature } = decodeSignedGrant(grantBytes);
    const { receipt, signature } = decodeSignedReceipt(receiptBytes);
    const grantHash = grantDigest(domain, grant);
    require(receipt.grantHash === bytesToHex(grantHash) && receipt.bytesCumulative <= grant.capBytes);
    require(implementation.recover(grantHash, grantSignature) === grantKey);
    require(implementation.recover(receiptDigest(domain, receipt), signature) === grant.viewerKey);
  };
}

/** What a viewer does: hash and sign. */
export function signReceipt(implementation: Secp256k1, { domain }: SignedSample): Work {
  return ({ receipt, viewerPrivateKey }) => {
    implementation.sign(receiptDigest(domain, receipt), viewerPrivateKey);
  };
}

/** Parts of `verifyReceipt`, and ECDSA with the key known beside it, which ignores the parity bit. */
export function partsOfVerifying(
  implementation: Secp256k1,
  { domain, pairs }: SignedSample,
): { readonly decode: Work; readonly hash: Work; readonly recover: Work; readonly verifyKnownKey: Work } {
  const prepared = new Map(
    pairs.map((pair) => {
      const { signature, receipt } = decodeSignedReceipt(pair.receiptBytes);
      const publicKey = secp256k1.publicKeyCreate(pair.viewerPrivateKey, false);
      const { rs } = splitCompact(signature);
      return [pair, { signature, rs, publicKey, digest: receiptDigest(domain, receipt) }];
    }),
  );
  const of = (pair: SignedPair) => {
    const found = prepared.get(pair);
    if (found === undefined) throw mismatch();
    return found;
  };
  return {
    decode: ({ receiptBytes }) => void decodeSignedReceipt(receiptBytes),
    hash: ({ receipt }) => void receiptDigest(domain, receipt),
    recover: (pair) => void implementation.recover(of(pair).digest, of(pair).signature),
    verifyKnownKey: (pair) => {
      const { rs, digest, publicKey } = of(pair);
      require(secp256k1.ecdsaVerify(rs, digest, publicKey));
    },
  };
}

/** The same as `verifyReceipt` and `verifyPair`, by ethers' typed data. */
export function ethersWork({ domain, grantKey }: SignedSample): {
  readonly verifyReceipt: Work;
  readonly verifyPair: Work;
  readonly sign: Work;
} {
  const named = { name: 'BCDN', version: '1', ...domain };
  const grantTypes = typesOf(GRANT_TYPE);
  const receiptTypes = typesOf(RECEIPT_TYPE);
  const receiptSigner = (receiptBytes: Uint8Array): string => {
    const { receipt, signature } = decodeSignedReceipt(receiptBytes);
    return verifyTypedData(named, receiptTypes, receipt, bytesToHex(signature)).toLowerCase();
  };
  return {
    verifyReceipt: ({ grant, receiptBytes }) => {
      require(receiptSigner(receiptBytes) === grant.viewerKey);
    },
    verifyPair: ({ grantBytes, receiptBytes }) => {
      const { grant, signature } = decodeSignedGrant(grantBytes);
      require(TypedDataEncoder.hash(named, grantTypes, grant) === grantHashOf(domain, grant));
      require(
        verifyTypedData(named, grantTypes, grant, bytesToHex(signature)).toLowerCase() === grantKey &&
          receiptSigner(receiptBytes) === grant.viewerKey,
      );
    },
    sign: (pair) => {
      new SigningKey(privateKeyHex(pair)).sign(TypedDataEncoder.hash(named, receiptTypes, pair.receipt));
    },
  };
}

/** ethers' description of a type, from its EIP-712 encoding. */
function typesOf(encoded: string): Record<string, { name: string; type: string }[]> {
  const [name = '', members = ''] = encoded.slice(0, -1).split('(');
  return {
    [name]: members.split(',').map((member) => {
      const [type = '', field = ''] = member.split(' ');
      return { name: field, type };
    }),
  };
}

function require(holds: boolean): void {
  if (!holds) throw mismatch();
}

function mismatch(): BenchError {
  return new BenchError('BENCH_RESULT_WRONG', {
    message: 'A good signature was not taken for one.',
    remedy: 'Run the tests of sdk/signing: this is a fault of the code, not of the machine.',
  });
}
