import { bytesToHex, hexToBytes, type Hex } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { MAX_UINT32 } from './limits.ts';

declare const brand: unique symbol;
/** What keeps identifiers of one form apart. It is in types only; exported because the declarations of other files name it. */
export interface Brand<Name extends string> {
  readonly [brand]: Name;
}
type Branded<T, Name extends string> = T & Brand<Name>;

/** An Ethereum address, always in lower case so that equal addresses are equal strings. */
export type Address = Branded<Hex, 'Address'>;
/** keccak256(chainid, market, publisher, salt). */
export type DealId = Branded<Hex, 'DealId'>;
/** EIP-712 digest of a grant, domain included. */
export type GrantHash = Branded<Hex, 'GrantHash'>;
/** The sha2-256 digest inside the root CID of a content. */
export type ContentRoot = Branded<Hex, 'ContentRoot'>;
/** Position of an edge on the ring: keccak256(libp2p public key ‖ randomness drawn after staking). */
export type Nid = Branded<Hex, 'Nid'>;
/** floor(unix seconds / epochSeconds), a uint32. */
export type Epoch = Branded<number, 'Epoch'>;

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const BYTES32 = /^0x[0-9a-fA-F]{64}$/;

/** @throws ProtocolError ADDRESS_INVALID */
export function parseAddress(text: string): Address {
  if (!ADDRESS.test(text)) {
    throw new ProtocolError('ADDRESS_INVALID', 'Expected an address: 0x and 40 hexadecimal digits.', {
      length: text.length,
    });
  }
  return text.toLowerCase() as Address;
}

export const parseDealId = (text: string): DealId => parseBytes32(text, 'deal id') as DealId;
export const parseGrantHash = (text: string): GrantHash => parseBytes32(text, 'grant hash') as GrantHash;
export const parseContentRoot = (text: string): ContentRoot =>
  parseBytes32(text, 'content root') as ContentRoot;
export const parseNid = (text: string): Nid => parseBytes32(text, 'ring position') as Nid;

/** @throws ProtocolError BYTES32_INVALID naming what was expected */
export function parseBytes32(text: string, what: string): Hex {
  if (!BYTES32.test(text)) {
    throw new ProtocolError('BYTES32_INVALID', `Expected a ${what}: 0x and 64 hexadecimal digits.`, {
      what,
      length: text.length,
    });
  }
  return text.toLowerCase() as Hex;
}

/** @throws ProtocolError EPOCH_INVALID unless it is a uint32 */
export function parseEpoch(value: number): Epoch {
  if (!Number.isInteger(value) || value < 0 || value > MAX_UINT32) {
    throw new ProtocolError('EPOCH_INVALID', `Expected an epoch number, got ${value}.`, { value });
  }
  return value as Epoch;
}

/** The 20 or 32 bytes of an identifier. */
export function identifierBytes(identifier: Address | DealId | GrantHash | ContentRoot | Nid): Uint8Array {
  return hexToBytes(identifier);
}

export function addressFromBytes(bytes: Uint8Array): Address {
  return parseAddress(bytesToHex(bytes));
}
