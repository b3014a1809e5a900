import { hexToBytes, type Hex } from '../protocol/bytes.ts';
import {
  CONTENT_ORIGIN_TYPE,
  contentOriginDigest,
  requireOriginForm,
  type ContentOrigin,
  type SignedContentOrigin,
} from '../protocol/content-origin.ts';
import type { Domain } from '../protocol/eip712.ts';
import type { Address } from '../protocol/identifiers.ts';
import { joinCompact, SIGNATURE_BYTES, signerOf, type Secp256k1 } from '../protocol/signature.ts';
import { PublishError } from './publish-error.ts';

/** Smallest `v` of a signature in its long form: 27 and 28 stand for the parities. */
const FIRST_V = 27;

/**
 * A ContentOrigin as a wallet is asked to sign it (EIP-712): where another program holds the publisher's key.
 * @throws ProtocolError ORIGIN_INVALID
 */
export function originToSign({ chainId, verifyingContract }: Domain, origin: ContentOrigin) {
  requireOriginForm(origin);
  const [name = '', members = ''] = CONTENT_ORIGIN_TYPE.slice(0, -1).split('(');
  const fields = members.split(',').map((member) => {
    const [type = '', field = ''] = member.split(' ');
    return { name: field, type };
  });
  return {
    domain: { name: 'BCDN', version: '1', chainId, verifyingContract },
    types: { [name]: fields },
    value: { ...origin },
  };
}

/**
 * The origin with what the wallet signed, r ‖ s ‖ v or compact.
 * @throws PublishError SIGNER_UNEXPECTED if that is not the publisher's signature; ProtocolError LENGTH_INVALID, HEX_INVALID
 */
export function originSignedBy(
  { domain, publisher, secp256k1 }: { domain: Domain; publisher: Address; secp256k1: Secp256k1 },
  origin: ContentOrigin,
  walletSignature: Hex,
): SignedContentOrigin {
  const signature = compactOf(walletSignature);
  const signer = signerOf(secp256k1, contentOriginDigest(domain, origin), signature);
  if (signer === publisher) return { origin, signature };
  throw new PublishError('SIGNER_UNEXPECTED', 'The wallet signed with another account than the publisher.', {
    values: { publisher, signer: signer ?? 'nobody' },
    remedy: 'Choose the account in the wallet with which the distribution is opened, then try again.',
  });
}

function compactOf(walletSignature: Hex): Uint8Array {
  const isCompact = walletSignature.length === 2 + 2 * SIGNATURE_BYTES;
  const bytes = hexToBytes(walletSignature, isCompact ? SIGNATURE_BYTES : SIGNATURE_BYTES + 1);
  if (isCompact) return bytes;
  const v = bytes[SIGNATURE_BYTES] ?? 0;
  return joinCompact(bytes.subarray(0, SIGNATURE_BYTES), (v >= FIRST_V ? v - FIRST_V : v) & 1);
}
