import { concatBytes, utf8ToBytes } from '../../../sdk/protocol/bytes.ts';
import { SIGNATURE_BYTES } from './limits.ts';

/** The bytes under a signature: what kind of statement it is, in which network, and its body. */
export type SigningFrame = (network: string, body: Uint8Array) => Uint8Array;

/**
 * Statements of one kind are bound to one network, so that they mean nothing in another and as nothing else.
 * @param domain names the kind and its version, as SPEC.md lists it
 */
export function signingFrame(domain: string): SigningFrame {
  // A node speaks in one network all its life: its prefix is made once.
  let latest = { network: '', prefix: utf8ToBytes(`${domain}\n\n`) };
  return (network, body) => {
    if (network !== latest.network) latest = { network, prefix: utf8ToBytes(`${domain}\n${network}\n`) };
    return concatBytes(latest.prefix, body);
  };
}

/** A signed statement as it stands on the wire: its body, then the signature. */
export interface SignedRecord {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
  /** The exact bytes on the wire, signature included. */
  readonly encoded: Uint8Array;
}

/** The statements of one kind: how they are signed and verified. */
export interface RecordSigning {
  /** @param body the statement without its signature */
  sign(
    body: Uint8Array,
    network: string,
    sign: (message: Uint8Array) => Uint8Array,
  ): Pick<SignedRecord, 'signature' | 'encoded'>;
  /** Did the owner of the key sign this record in this network? */
  verify(
    record: SignedRecord,
    network: string,
    verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean,
  ): boolean;
}

/** @param domain as for `signingFrame` */
export function recordSigning(domain: string): RecordSigning {
  const frame = signingFrame(domain);
  return {
    sign: (body, network, sign) => {
      const signature = sign(frame(network, body));
      return { signature, encoded: concatBytes(body, signature) };
    },
    verify: ({ publicKey, signature, encoded }, network, verify) => {
      const body = encoded.subarray(0, encoded.length - SIGNATURE_BYTES);
      return verify(publicKey, frame(network, body), signature);
    },
  };
}
