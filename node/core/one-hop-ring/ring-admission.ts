import type { Address, Nid } from '../../../sdk/protocol/identifiers.ts';

/** What the registry says about a libp2p key that belongs to an active, staked edge with a drawn position. */
export interface AdmittedEdge {
  readonly nid: Nid;
  readonly operator: Address;
  readonly region: string;
}

/**
 * The registry as the ring sees it: a cached snapshot, asked synchronously. It decides who may be a member and where
 * it stands; no record can claim a position of its own choice.
 */
export interface RingAdmission {
  /**
   * The edge of this key. Undefined as well for two edges whose positions share their 8 leading bytes: neither can be
   * named in a message (SPEC.md, names).
   */
  nidOf(libp2pPublicKey: Uint8Array): AdmittedEdge | undefined;
  /** Public key of the one admitted edge whose position begins with these 8 bytes. */
  publicKeyAt(prefix: Uint8Array): Uint8Array | undefined;
}
