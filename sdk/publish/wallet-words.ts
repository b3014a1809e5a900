import { hexToBytes, type Hex } from '../protocol/bytes.ts';
import type { Domain } from '../protocol/eip712.ts';
import type { Address } from '../protocol/identifiers.ts';
import { joinCompact, SIGNATURE_BYTES, signerOf, type Secp256k1 } from '../protocol/signature.ts';
import { PublishError } from './publish-error.ts';

/**
 * Words of a publisher where another program holds its key: what a wallet is asked to sign (EIP-712), and what becomes of
 * its answer. Wallets show the members of a message, so each is asked for by its own type.
 */

/** Smallest `v` of a signature in its long form: 27 and 28 stand for the parities. */
const FIRST_V = 27;

/**
 * A message of this protocol as a wallet is asked to sign it.
 * @param encodedType of the message, e.g. `CONTENT_ORIGIN_TYPE`
 */
export function messageToSign({ chainId, verifyingContract }: Domain, encodedType: string, message: object) {
  const [name = '', members = ''] = encodedType.slice(0, -1).split('(');
  const fields = members.split(',').map((member) => {
    const [type = '', field = ''] = member.split(' ');
    return { name: field, type };
  });
  return {
    domain: { name: 'BCDN', version: '1', chainId, verifyingContract },
    types: { [name]: fields },
    value: Object.fromEntries(Object.entries(message)) as Readonly<Record<string, unknown>>,
  };
}

/** Whose signature of what a wallet was asked for. */
export interface AskedSignature {
  readonly publisher: Address;
  readonly digest: Uint8Array;
  readonly secp256k1: Secp256k1;
}

/**
 * What a wallet signed, r ‖ s ‖ v or compact, as this protocol carries it (EIP-2098).
 * @throws PublishError SIGNER_UNEXPECTED if that is not the publisher's signature; ProtocolError LENGTH_INVALID, HEX_INVALID
 */
export function signedByPublisher(
  { publisher, digest, secp256k1 }: AskedSignature,
  walletSignature: Hex,
): Uint8Array {
  const signature = compactOf(walletSignature);
  const signer = signerOf(secp256k1, digest, signature);
  if (signer === publisher) return signature;
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
