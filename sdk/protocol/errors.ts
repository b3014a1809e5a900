/**
 * Every refusal of the protocol layer. Codes are listed once, are stable, and are never reused:
 * programs match on the code, people read the sentence.
 */
export type ProtocolErrorCode =
  | 'HEX_INVALID'
  | 'BASE64URL_INVALID'
  | 'UTF8_INVALID'
  | 'ADDRESS_INVALID'
  | 'BYTES32_INVALID'
  | 'EPOCH_INVALID'
  | 'DOMAIN_INVALID'
  | 'INTEGER_OUT_OF_RANGE'
  | 'LENGTH_INVALID'
  | 'VERSION_UNKNOWN'
  | 'SIGNATURE_INVALID'
  | 'SIGNER_WRONG'
  | 'CID_INVALID'
  | 'CID_UNSUPPORTED'
  | 'BLOCK_TOO_LARGE'
  | 'BLOCK_HASH_MISMATCH'
  | 'TRIE_LEAVES_UNSORTED'
  | 'TRIE_BYTES_INVALID'
  | 'TRIE_OPENINGS_INVALID'
  | 'PEER_TREE_INVALID'
  | 'ORIGIN_INVALID'
  | 'NOTICE_INVALID';

/** Values that explain a refusal, ready to be serialised: no secrets, no objects. */
export type ErrorValues = Readonly<Record<string, string | number | bigint | boolean>>;

/** Input from outside that the protocol refuses. `values` hold what was expected and what came. */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;
  readonly values: ErrorValues;

  constructor(code: ProtocolErrorCode, message: string, values: ErrorValues = {}) {
    super(message);
    this.name = 'ProtocolError';
    this.code = code;
    this.values = values;
  }
}
